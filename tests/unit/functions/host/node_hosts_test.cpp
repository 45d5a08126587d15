// Admission, fairness, order of life of the hosts of a node.
#include "tests/unit/functions/host/host_fixture.hpp"

using namespace faas;
using namespace faas::test;

BOOST_FIXTURE_TEST_SUITE(node_hosts_test, host_fixture)

  BOOST_AUTO_TEST_CASE(runs_an_event_on_an_executor) {
    std::thread::id ran_on;
    scripts["f"].invoke
      = [&](const invocation& event, invocation_context& node) {
          ran_on = std::this_thread::get_id();
          BOOST_TEST(!node.cancelled());
          BOOST_TEST((node.remaining() > 5s));
          node.log(log_level::warning, "seen");
          return text_reply("got " + std::string{event.body.view()});
        };
    auto host = open_ready(request("f"));
    const auto answer = call(*host, "it");
    BOOST_TEST(code_name(answer) == "ok");
    BOOST_TEST(answer.body.view() == "got it");
    BOOST_TEST(answer.started);
    BOOST_TEST(answer.version == 3u);
    BOOST_TEST((answer.times.service.count() > 0));
    BOOST_TEST((answer.times.queue.count() > 0));
    BOOST_TEST((answer.times.cold.count() == 0));
    BOOST_TEST((ran_on != std::this_thread::get_id()));
    BOOST_REQUIRE(told["f"].lines.size() == 1);
    const auto& line = told["f"].lines[0];
    BOOST_TEST(line.text == "warning: seen");
    BOOST_TEST(line.instance == "edge-1");
    BOOST_TEST(line.version == 3u);
    BOOST_TEST(line.call.size() == 36u);
  }

  /// So that a router's plan of the queue and the report are of the same one.
  BOOST_AUTO_TEST_CASE(an_answer_tells_who_else_is_there_for_its_servers) {
    config.threads = 4;
    config.waiting_threads = 7;
    door gate, apart;
    const auto behind = [&](door& held) {
      return [&](const invocation&, invocation_context&) {
        held.pass();
        return text_reply("late");
      };
    };
    scripts["busy"].invoke = behind(gate);
    scripts["held"].invoke = behind(apart);
    std::map<std::string, std::shared_ptr<function_host>> host;
    for (const auto* name : {"beside", "alone"})
      scripts[name].invoke = [](const invocation&, invocation_context&) {
        return text_reply("soon");
      };
    for (const auto& [name, instances] :
         {std::pair{"busy", 4u}, {"beside", 4u}, {"alone", 1u}, {"held", 1u}}) {
      auto from = request(name);
      from.spec.petrel.concurrency = instances;
      host[name] = open_ready(from);
    }
    const auto others = [&](const char* name, uint32_t all, uint32_t foreign) {
      // The job that loaded a version may still be leaving.
      return eventually([&] {
        const auto told = call(*host[name]);
        return told.queue_length == all && told.queue_foreign == foreign;
      });
    };
    BOOST_TEST(hosts->threads().executors == 4u);
    BOOST_TEST(hosts->threads().waiting == 7u);
    BOOST_TEST(others("beside", 0, 0));
    submit(*host["busy"]);
    gate.await(1);
    BOOST_TEST(others("beside", 1, 1));
    BOOST_TEST(others("alone", 0, 0)); // with fewer instances than threads
    for (int i = 0; i < 3; ++i) // in nobody's way but their own
      submit(*host["held"]);
    apart.await(1);
    BOOST_TEST(others("beside", 1, 1));
    // A refusal tells of the same queue as an answer.
    BOOST_TEST(eventually([&] {
      const auto refused = call(*host["beside"], {}, -1s);
      return code_name(refused) == "deadline_exceeded"
             && refused.queue_length == 1 && refused.queue_foreign == 1;
    }));
    gate.open();
    apart.open();
    BOOST_TEST(others("beside", 0, 0));
  }

  BOOST_AUTO_TEST_CASE(passes_on_profile_and_facts_of_the_module) {
    scripts["f"].profile = {{1, 0.5}, {32, 10.8}};
    scripts["f"].facts = {{"layout", "channels_last"}};
    auto host = open_ready(request("f"));
    BOOST_REQUIRE(host->profile().size() == 2);
    BOOST_TEST(host->profile()[1].ms == 10.8);
    BOOST_TEST(host->facts().at("layout") == "channels_last");
  }

  BOOST_AUTO_TEST_CASE(says_why_a_version_could_not_be_loaded) {
    scripts["f"].load = [] {
      return result<void>{errc::bad_bundle, "no such symbol", "add it"};
    };
    auto host = open(request("f"));
    BOOST_REQUIRE(told["f"].loaded.size() == 1);
    BOOST_REQUIRE(!told["f"].loaded[0]);
    BOOST_TEST(told["f"].loaded[0].error().message == "no such symbol");
    const auto answer = call(*host);
    BOOST_TEST(code_name(answer) == "unavailable");
    BOOST_TEST((answer.message.find("no such symbol") != std::string::npos));
    BOOST_TEST(!answer.started);
  }

  BOOST_AUTO_TEST_CASE(an_instance_that_cannot_be_made_fails_the_load) {
    scripts["f"].create = [] {
      return result<void>{errc::bad_bundle, "no model", ""};
    };
    auto host = open(request("f"));
    BOOST_REQUIRE(!told["f"].loaded[0]);
    BOOST_TEST(scripts["f"].modules == 0);
  }

  BOOST_AUTO_TEST_CASE(a_runtime_that_fails_to_start_is_asked_again) {
    start();
    int asked = 0;
    hosts->add_runtime(runtime_kind::torch,
                       [&]() -> result<std::unique_ptr<function_runtime>> {
                         ++asked;
                         return error{errc::unavailable, "no libtorch", ""};
                       });
    for (const auto* name : {"a", "b"}) {
      auto from = request(name);
      from.spec.petrel.runtime = runtime_kind::torch;
      from.spec.petrel.kind = artifact_kind::torchscript;
      auto host = open(from);
      BOOST_REQUIRE(!told[name].loaded[0]);
      BOOST_TEST(told[name].loaded[0].error().message == "no libtorch");
    }
    BOOST_TEST(asked == 2);
  }

  BOOST_AUTO_TEST_CASE(a_load_that_hangs_is_given_up) {
    config.load_timeout = 50ms;
    door stuck;
    scripts["f"].load = [&] {
      stuck.pass();
      return result<void>{};
    };
    auto host = open(request("f"));
    BOOST_REQUIRE(!told["f"].loaded[0]);
    BOOST_TEST((told["f"].loaded[0].error().message.find("loading took longer")
                != std::string::npos));
    stuck.await(1);
    stuck.open();
    BOOST_TEST(eventually([&] { return scripts["f"].loaded == 1; }));
    BOOST_TEST(eventually([&] { return scripts["f"].modules == 0; }));
    BOOST_TEST(code_name(call(*host)) == "unavailable");
    BOOST_TEST(told["f"].loaded.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(refuses_when_slots_and_queue_are_full) {
    door gate;
    scripts["f"].invoke = [&](const invocation&, invocation_context&) {
      gate.pass();
      return reply{};
    };
    auto from = request("f");
    from.spec.petrel.queue = 2;
    auto host = open_ready(from);
    submit(*host);
    gate.await(1);
    submit(*host);
    submit(*host);
    const auto refused = call(*host);
    BOOST_TEST(code_name(refused) == "overloaded");
    BOOST_TEST(refused.status == 429);
    BOOST_TEST(refused.queue_length == 3u); // two wait, one runs
    BOOST_TEST(!refused.started);
    BOOST_TEST(host->stats().waiting == 2u);
    BOOST_TEST(host->stats().running == 1u);
    gate.open();
    BOOST_TEST(got->wait_for_count(4));
    BOOST_TEST(host->stats().refused == 1u);
    BOOST_TEST(host->stats().accepted == 3u);
    BOOST_TEST(host->stats().answered == 3u);
  }

  BOOST_AUTO_TEST_CASE(never_runs_more_at_once_than_its_concurrency) {
    config.threads = 4;
    scripts["f"].invoke = [&](const invocation&, invocation_context&) {
      std::this_thread::yield();
      return reply{};
    };
    auto from = request("f");
    from.spec.petrel.concurrency = 2;
    auto host = open_ready(from);
    for (int i = 0; i < 200; ++i)
      submit(*host);
    BOOST_TEST(got->wait_for_count(200));
    BOOST_TEST(scripts["f"].most_parallel <= 2);
    BOOST_TEST(scripts["f"].created == 2);
  }

  BOOST_AUTO_TEST_CASE(serves_versions_in_turn) {
    config.threads = 1;
    door gate;
    scripts["gate"].invoke = [&](const invocation&, invocation_context&) {
      gate.pass();
      return reply{};
    };
    scripts["greedy"].invoke = scripts["modest"].invoke
      = [](const invocation&, invocation_context&) { return reply{}; };
    auto blocker = open_ready(request("gate"));
    auto greedy = open_ready(request("greedy"));
    auto modest = open_ready(request("modest"));
    submit(*blocker);
    gate.await(1);
    for (int i = 0; i < 100; ++i)
      submit(*greedy);
    const auto one = submit(*modest);
    const auto two = submit(*modest);
    gate.open();
    BOOST_TEST(got->wait_for_count(103));
    const auto order = got->order();
    const auto place = [&](uint64_t token) {
      return std::find(order.begin(), order.end(), token) - order.begin();
    };
    BOOST_TEST(place(one) <= 3);
    BOOST_TEST(place(two) <= 5);
  }

  BOOST_AUTO_TEST_CASE(does_not_begin_what_nobody_waits_for) {
    door gate;
    std::atomic<int> ran{0};
    scripts["f"].invoke = [&](const invocation&, invocation_context& node) {
      ++ran;
      gate.pass();
      BOOST_TEST(node.cancelled());
      return reply{};
    };
    auto host = open_ready(request("f"));
    submit(*host);
    gate.await(1);
    const auto second = submit(*host);
    got->nobody_waits();
    gate.open();
    BOOST_TEST(code_name(got->wait(second)) == "cancelled");
    BOOST_TEST(ran == 1);
  }

  BOOST_AUTO_TEST_CASE(refuses_an_event_whose_deadline_has_passed) {
    scripts["f"].invoke
      = [](const invocation&, invocation_context&) { return reply{}; };
    auto host = open_ready(request("f"));
    const auto answer = call(*host, "", -1ms);
    BOOST_TEST(code_name(answer) == "deadline_exceeded");
    BOOST_TEST(!answer.started);
    BOOST_TEST(host->stats().refused == 1u);
  }

  BOOST_AUTO_TEST_CASE(counts_failures) {
    scripts["f"].invoke = [](const invocation&, invocation_context&) {
      return reply::failure({errc::function_failed, "no", ""});
    };
    auto host = open_ready(request("f"));
    BOOST_TEST(code_name(call(*host)) == "function_failed");
    BOOST_TEST(host->stats().failed == 1u);
  }

  BOOST_AUTO_TEST_CASE(close_answers_everything_then_destroys_and_unloads) {
    door gate;
    scripts["f"].invoke = [&](const invocation&, invocation_context&) {
      gate.pass();
      return reply{};
    };
    auto host = open_ready(request("f"));
    submit(*host);
    gate.await(1);
    const auto waiting = submit(*host);
    host->close(told["f"].on_close());
    const auto late = call(*host);
    BOOST_TEST(code_name(late) == "shutting_down");
    BOOST_TEST(told["f"].closed == 0);
    gate.open();
    BOOST_REQUIRE(told["f"].wait([&] { return told["f"].closed == 1; }));
    BOOST_TEST(code_name(got->wait(waiting)) == "ok");
    BOOST_TEST(scripts["f"].instances == 0);
    BOOST_TEST(scripts["f"].modules == 0);
    close(host, "f"); // again: told at once
    BOOST_TEST(told["f"].closed == 2);
  }

  BOOST_AUTO_TEST_CASE(a_host_that_is_dropped_closes_itself) {
    scripts["f"].invoke
      = [](const invocation&, invocation_context&) { return reply{}; };
    auto host = open_ready(request("f"));
    for (int i = 0; i < 100; ++i)
      submit(*host);
    host.reset();
    BOOST_TEST(got->wait_for_count(100));
    BOOST_TEST(eventually([&] { return scripts["f"].modules == 0; }));
    for (const auto& [token, answer] : got->all())
      BOOST_TEST(code_name(answer) == "ok");
  }

  BOOST_AUTO_TEST_CASE(closing_while_it_loads_reports_that) {
    door stuck;
    scripts["f"].load = [&] {
      stuck.pass();
      return result<void>{};
    };
    start();
    auto opened = hosts->open(request("f"), told["f"].events());
    BOOST_REQUIRE(opened);
    stuck.await(1);
    close(*opened, "f");
    BOOST_REQUIRE(told["f"].loaded.size() == 1);
    BOOST_TEST((told["f"].loaded[0].error().code == errc::shutting_down));
    stuck.open();
    BOOST_TEST(eventually([&] { return scripts["f"].modules == 0; }));
  }

  BOOST_AUTO_TEST_CASE(stop_answers_what_waits_and_what_runs) {
    door gate;
    scripts["f"].invoke = [&](const invocation&, invocation_context&) {
      gate.pass();
      return reply{};
    };
    auto host = open_ready(request("f"));
    const auto running = submit(*host);
    gate.await(1);
    const auto waiting = submit(*host);
    hosts->stop(20ms);
    BOOST_TEST(code_name(got->wait(waiting)) == "shutting_down");
    BOOST_TEST(code_name(got->wait(running)) == "shutting_down");
    BOOST_TEST(got->wait(running).started);
    BOOST_TEST(!got->wait(waiting).started);
    BOOST_REQUIRE(node_lines.size() == 1);
    BOOST_TEST((node_lines[0].find("1 executor thread") == 0));
    BOOST_TEST(code_name(call(*host)) == "shutting_down");
    auto more = hosts->open(request("f"), {});
    BOOST_TEST(!more);
    gate.open();
    host.reset();
    BOOST_TEST(eventually([&] { return scripts["f"].modules == 0; }));
  }

  BOOST_AUTO_TEST_CASE(stop_lets_what_runs_end_within_its_grace) {
    door gate;
    scripts["f"].invoke = [&](const invocation&, invocation_context&) {
      gate.pass();
      return text_reply("done");
    };
    auto host = open_ready(request("f"));
    const auto running = submit(*host);
    gate.await(1);
    std::thread stopper{[&] { hosts->stop(10s); }};
    BOOST_TEST(eventually([&] { return code_name(call(*host)) != "ok"; }));
    gate.open();
    stopper.join();
    BOOST_TEST(got->wait(running).body.view() == "done");
    BOOST_TEST(node_lines.empty());
    BOOST_TEST(scripts["f"].modules == 0);
  }

  BOOST_AUTO_TEST_SUITE_END()
