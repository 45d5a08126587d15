// Instances for the load, leaving the memory, coming back.
#include "tests/unit/functions/host/scale_fixture.hpp"

using namespace faas;
using namespace faas::test;

namespace {

using clock_type = std::chrono::steady_clock;

} // namespace

BOOST_FIXTURE_TEST_SUITE(scale_test, scale_fixture)

  BOOST_AUTO_TEST_CASE(stays_in_memory_unless_the_manifest_lets_it_go) {
    auto host = open_ready(request("f"));
    skip(24h);
    skip(24h);
    BOOST_TEST(scripts["f"].modules == 1);
    const auto answer = call(*host);
    BOOST_TEST((answer.start == start_kind::pool)); // made at the load
    BOOST_TEST((call(*host).start == start_kind::warm));
    BOOST_TEST(host->stats().unloads == 0u);
  }

  BOOST_AUTO_TEST_CASE(leaves_when_idle_and_comes_back_with_the_next_event) {
    auto host = away();
    BOOST_TEST(scripts["f"].instances == 0);
    BOOST_TEST(host->stats().instances == 0u);
    BOOST_TEST(host->stats().slots == 1u); // it takes events
    BOOST_TEST(host->facts().at("in_memory") == "no");
    const auto answer = call(*host);
    BOOST_TEST(answer.body.view() == "fine");
    BOOST_TEST((answer.start == start_kind::cold));
    BOOST_TEST((answer.times.cold.count() > 0));
    BOOST_TEST((answer.times.queue.count() >= 0));
    BOOST_TEST(scripts["f"].loaded == 2);
    const auto next = call(*host);
    BOOST_TEST((next.start == start_kind::warm));
    BOOST_TEST((next.times.cold.count() == 0));
    const auto stats = host->stats();
    BOOST_TEST(stats.cold_starts == 1u);
    BOOST_TEST(stats.warm_starts == 1u);
    BOOST_TEST(stats.unloads == 1u);
    BOOST_TEST(stats.loads == 1u);
    BOOST_TEST(stats.instances == 1u);
    BOOST_TEST(host->facts().at("in_memory") == "yes");
  }

  BOOST_AUTO_TEST_CASE(keeps_profile_and_facts_while_it_is_away) {
    auto host = away();
    BOOST_REQUIRE(host->profile().size() == 1);
    BOOST_TEST(host->facts().at("layout") == "plain");
    BOOST_TEST(host->facts().at("mode") == "threads");
    call(*host);
    BOOST_TEST(host->profile()[0].ms == 0.5);
  }

  BOOST_AUTO_TEST_CASE(does_not_leave_while_an_event_runs) {
    door gate;
    scripts["f"].invoke = [&](const invocation&, invocation_context&) {
      gate.pass();
      return reply{};
    };
    auto host = open_ready(to_zero());
    const auto token = submit(*host, "", 3600s);
    gate.await(1);
    skip(10min);
    BOOST_TEST(scripts["f"].modules == 1);
    gate.open();
    got->wait(token);
    BOOST_REQUIRE(eventually([&] { return host->stats().running == 0; }));
    skip(1s);
    BOOST_TEST(host->stats().unloads == 0u);
    skip(61s);
    BOOST_TEST(gone());
  }

  BOOST_AUTO_TEST_CASE(an_event_that_comes_while_it_leaves_waits) {
    door gate;
    std::atomic<bool> slow{true};
    scripts["f"].unload = [&] {
      if (slow.exchange(false))
        gate.pass();
    };
    auto host = open_ready(to_zero());
    skip(61s);
    gate.await(1);
    const auto token = submit(*host);
    skip(1s);
    BOOST_TEST(!got->has(token));
    BOOST_TEST(scripts["f"].loaded == 1); // not two at once
    gate.open();
    const auto answer = got->wait(token);
    BOOST_TEST(code_name(answer) == "ok");
    BOOST_TEST((answer.start == start_kind::cold));
    BOOST_TEST(scripts["f"].loaded == 2);
    close(host, "f");
  }

  BOOST_AUTO_TEST_CASE(close_while_it_leaves) {
    door gate;
    scripts["f"].unload = [&] { gate.pass(); };
    auto host = open_ready(to_zero());
    skip(61s);
    gate.await(1);
    const auto token = submit(*host); // was admitted: it is answered
    host->close(told["f"].on_close());
    BOOST_TEST(code_name(call(*host)) == "shutting_down");
    BOOST_TEST(told["f"].closed == 0);
    gate.open();
    BOOST_REQUIRE(told["f"].wait([&] { return told["f"].closed == 1; }));
    BOOST_TEST(code_name(got->wait(token)) == "ok");
    BOOST_TEST(scripts["f"].modules == 0);
  }

  BOOST_AUTO_TEST_CASE(close_while_it_is_away) {
    auto host = away();
    close(host, "f");
    BOOST_TEST(code_name(call(*host)) == "shutting_down");
    BOOST_TEST(scripts["f"].loaded == 1);
  }

  BOOST_AUTO_TEST_CASE(close_while_it_comes_back_answers_what_waits) {
    auto host = away();
    door gate;
    scripts["f"].load = [&] {
      gate.pass();
      return result<void>{};
    };
    const auto one = submit(*host), two = submit(*host);
    gate.await(1);
    host->close(told["f"].on_close());
    BOOST_TEST(told["f"].closed == 0);
    gate.open();
    BOOST_REQUIRE(told["f"].wait([&] { return told["f"].closed == 1; }));
    BOOST_TEST(code_name(got->wait(one)) == "ok");
    BOOST_TEST(code_name(got->wait(two)) == "ok");
    BOOST_TEST(scripts["f"].modules == 0);
    BOOST_TEST(got->each_once());
  }

  BOOST_AUTO_TEST_CASE(a_load_that_fails_is_answered_and_tried_again_later) {
    auto host = away();
    std::atomic<bool> broken{true};
    std::atomic<int> tried{0};
    scripts["f"].load = [&] {
      ++tried;
      return broken ? result<void>{errc::bad_bundle, "disk gone", ""}
                    : result<void>{};
    };
    const auto failed = call(*host);
    BOOST_TEST(code_name(failed) == "unavailable");
    BOOST_TEST(failed.message == "f could not be loaded again: disk gone");
    BOOST_TEST(failed.next_step == "it is tried again within 1 seconds");
    BOOST_TEST(!failed.started);
    for (int i = 0; i < 50; ++i) { // refused at once, by far within a second
      BOOST_TEST(code_name(call(*host)) == "unavailable");
      skip(1ms);
    }
    BOOST_TEST(tried == 1);
    BOOST_TEST(host->stats().failed_loads == 1u);
    BOOST_TEST((host->facts().at("in_memory").find("disk gone")
                != std::string::npos));
    broken = false;
    BOOST_TEST(eventually([&] { return code_name(call(*host)) == "ok"; }));
    BOOST_TEST(tried == 2);
    BOOST_TEST(host->facts().at("in_memory") == "yes");
  }

  BOOST_AUTO_TEST_CASE(after_a_failure_it_comes_back_without_an_event) {
    auto host = away();
    std::atomic<bool> broken{true};
    scripts["f"].load = [&] {
      return broken ? result<void>{errc::unavailable, "busy", ""}
                    : result<void>{};
    };
    BOOST_TEST(code_name(call(*host)) == "unavailable");
    broken = false;
    BOOST_TEST(eventually([&] {
      skip(0s);
      return scripts["f"].modules == 1;
    }));
    BOOST_TEST((call(*host).start == start_kind::pool));
  }

  BOOST_AUTO_TEST_CASE(a_load_that_hangs_is_given_up_and_its_end_dropped) {
    config.load_timeout = 50ms;
    door gate;
    std::atomic<bool> hang{false};
    scripts["f"].load = [&] {
      if (hang.exchange(false))
        gate.pass();
      return result<void>{};
    };
    auto host = away();
    hang = true;
    const auto failed = call(*host);
    BOOST_TEST(code_name(failed) == "unavailable");
    BOOST_TEST((failed.message.find("took too long") != std::string::npos));
    BOOST_TEST(eventually([&] { return code_name(call(*host)) == "ok"; }));
    gate.open();
    BOOST_TEST(eventually([&] { return scripts["f"].loaded == 3; }));
    BOOST_TEST(there()); // the late one went
    BOOST_TEST(code_name(call(*host)) == "ok");
  }

  BOOST_AUTO_TEST_CASE(a_deadline_that_passes_while_it_is_cold_costs_no_thread) {
    auto host = away();
    door gate;
    scripts["f"].load = [&] {
      gate.pass();
      return result<void>{};
    };
    const auto patient = submit(*host);
    const auto late = call(*host, "", 30ms);
    BOOST_TEST(code_name(late) == "deadline_exceeded");
    BOOST_TEST(!late.started);
    BOOST_TEST(!got->has(patient));
    gate.open();
    BOOST_TEST(code_name(got->wait(patient)) == "ok");
    BOOST_TEST(host->stats().written_off == 0u);
    BOOST_TEST(host->stats().timed_out == 1u);
  }

  BOOST_AUTO_TEST_CASE(the_queue_stays_bounded_while_it_is_cold) {
    auto from = to_zero();
    from.spec.petrel.queue = 2;
    auto host = open_ready(from);
    skip(61s);
    BOOST_REQUIRE(gone());
    door gate;
    scripts["f"].load = [&] {
      gate.pass();
      return result<void>{};
    };
    for (int i = 0; i < 3; ++i) // a slot and the queue
      submit(*host);
    BOOST_TEST(code_name(call(*host)) == "overloaded");
    gate.open();
    BOOST_REQUIRE(got->wait_for_count(4));
    BOOST_TEST(host->stats().accepted == 3u);
    BOOST_TEST(host->stats().refused == 1u);
    BOOST_TEST(host->stats().loads == 1u);
    BOOST_TEST(got->each_once());
  }

  BOOST_AUTO_TEST_CASE(comes_back_before_an_event_that_is_due) {
    auto from = to_zero();
    from.spec.petrel.scale.idle = 300s;
    auto host = open_ready(from);
    call_each_ten_minutes(*host);
    calm_call(*host);
    skip(1s);
    skip(10s);
    BOOST_REQUIRE(gone());
    const auto loads = host->stats().loads;
    skip(400s);
    BOOST_TEST(scripts["f"].modules == 0);
    skip(160s); // 571 s after the event; one is due after 600
    BOOST_TEST(there());
    BOOST_REQUIRE(eventually([&] { return host->stats().instances == 1; }));
    BOOST_TEST(host->stats().loads == loads + 1);
    const auto answer = call(*host);
    BOOST_TEST((answer.start == start_kind::pool));
    BOOST_TEST((answer.times.cold.count() == 0));
    BOOST_TEST((host->facts().at("keep").find("learned") != std::string::npos));
  }

  BOOST_AUTO_TEST_CASE(comes_back_earlier_the_longer_a_load_takes) {
    auto from = to_zero();
    from.spec.petrel.scale.idle = 300s;
    auto host = open_ready(from);
    call_each_ten_minutes(*host);
    const auto back_s = [&] { // "..., back from 537 s to ..."
      const auto keep = host->facts().at("keep");
      const std::string before = "back from ";
      const auto at = keep.find(before);
      BOOST_REQUIRE(at != std::string::npos);
      return std::stoi(keep.substr(at + before.size()));
    };
    const auto quick = back_s();
    BOOST_REQUIRE(eventually([&] { // the last skip brings it back
      skip(0s);
      return host->stats().instances == 1;
    }));
    scripts["f"].load = [] { // is busy for so long
      for (const auto end = std::chrono::steady_clock::now() + 1100ms;
           std::chrono::steady_clock::now() < end;)
        std::this_thread::yield();
      return result<void>{};
    };
    const auto loads = host->stats().loads;
    skip(301s); // nothing came: it leaves
    BOOST_REQUIRE(gone());
    calm_call(*host); // waits for it
    skip(1s);
    BOOST_TEST(host->stats().loads == loads + 1);
    BOOST_TEST(back_s() == quick); // one may have been stuck
    for (int i = 0; i < 4 && back_s() > quick - 1; ++i) {
      skip(301s);
      BOOST_REQUIRE(gone());
      skip(298s); // it may come back by itself
      calm_call(*host);
      skip(1s);
    }
    BOOST_TEST(host->stats().loads > loads + 1);
    BOOST_TEST(back_s() <= quick - 1);
  }

  BOOST_AUTO_TEST_CASE(instances_that_the_load_needs_no_more_end) {
    door gate;
    scripts["f"].invoke = [&](const invocation&, invocation_context&) {
      gate.pass();
      return reply{};
    };
    auto from = request("f");
    from.spec.petrel.concurrency = 4;
    from.spec.petrel.scale.min = 1;
    auto host = open_ready(from);
    BOOST_TEST(scripts["f"].created == 1);
    for (int i = 0; i < 4; ++i)
      submit(*host);
    gate.await(4); // each on an instance of its own, made at once
    BOOST_TEST(scripts["f"].created == 4);
    gate.open();
    BOOST_REQUIRE(got->wait_for_count(4));
    BOOST_REQUIRE(eventually([&] { return host->stats().running == 0; }));
    BOOST_TEST(host->stats().cold_starts == 3u);
    BOOST_TEST(eventually([&] {
      skip(25s);
      return scripts["f"].instances == 1;
    }));
    skip(1h);
    BOOST_TEST(scripts["f"].instances == 1);
    BOOST_TEST(code_name(call(*host)) == "ok");
    BOOST_TEST(scripts["f"].created == 4);
  }

  BOOST_AUTO_TEST_CASE(instances_are_made_before_they_are_needed) {
    scripts["f"].invoke = [](const invocation&, invocation_context&) {
      const auto end = clock_type::now() + 10ms;
      while (clock_type::now() < end)
        ;
      return reply{};
    };
    auto from = request("f");
    from.spec.petrel.concurrency = 4;
    from.spec.petrel.scale.min = 1;
    from.spec.petrel.scale.wait = 100us;
    auto host = open_ready(from);
    for (int i = 0; i < 30; ++i) // one at a time: one instance would do
      calm_call(*host);
    BOOST_TEST(scripts["f"].created == 1);
    skip(1s);
    BOOST_TEST(eventually([&] { return scripts["f"].instances > 1; }));
    BOOST_TEST(scripts["f"].instances <= 4);
    BOOST_TEST(host->stats().cold_starts == 0u);
  }

  BOOST_AUTO_TEST_CASE(an_instance_that_cannot_be_made_ahead_harms_nobody) {
    scripts["f"].invoke = [](const invocation&, invocation_context&) {
      const auto end = clock_type::now() + 10ms;
      while (clock_type::now() < end)
        ;
      return reply{};
    };
    auto from = request("f");
    from.spec.petrel.concurrency = 4;
    from.spec.petrel.scale.min = 1;
    from.spec.petrel.scale.wait = 100us;
    auto host = open_ready(from);
    std::atomic<int> asked{0};
    scripts["f"].create = [&] {
      ++asked;
      return result<void>{errc::unavailable, "no memory", ""};
    };
    for (int i = 0; i < 30; ++i)
      calm_call(*host);
    skip(1s);
    BOOST_REQUIRE(eventually([&] { return asked == 1; }));
    for (int i = 0; i < 10; ++i) {
      BOOST_TEST(code_name(calm_call(*host)) == "ok");
      skip(100ms);
    }
    BOOST_TEST(asked == 1); // not each time
  }

  BOOST_AUTO_TEST_CASE(a_thread_that_is_lost_inside_keeps_it_in_memory) {
    door stuck;
    scripts["f"].invoke = [&](const invocation& event, invocation_context&) {
      if (event.body.view() == "stuck")
        stuck.pass();
      return reply{};
    };
    auto host = open_ready(to_zero());
    call(*host, "stuck", 100ms);
    BOOST_REQUIRE(
      eventually([&] { return host->stats().written_off == 1; }));
    skip(1s);
    skip(5min);
    BOOST_TEST(scripts["f"].modules == 1);
    BOOST_TEST(eventually([&] { return scripts["f"].created == 2; }));
    stuck.open(); // the other one was made in its place
    BOOST_TEST(eventually([&] { return scripts["f"].instances <= 1; }));
    BOOST_TEST(eventually([&] {
      skip(61s);
      return scripts["f"].modules == 0;
    }));
    BOOST_TEST(code_name(call(*host)) == "ok");
    hosts->stop(1s);
  }

  BOOST_AUTO_TEST_CASE(any_clock_will_do) {
    auto host = open_ready(to_zero());
    const auto now = clock_type::now();
    for (const auto at : {now - 100h, time_point{}, time_point::min(), now})
      hosts->tick(at);
    BOOST_TEST(scripts["f"].modules == 1);
    BOOST_TEST(code_name(call(*host)) == "ok");
    hosts->tick(time_point::max());
    hosts->tick(time_point::max());
    hosts->tick(time_point::min());
    hosts->tick(now);
    BOOST_TEST(code_name(call(*host)) == "ok"); // whether it left or not
    BOOST_TEST(got->each_once());
  }

  BOOST_AUTO_TEST_CASE(inline_functions_leave_and_come_back) {
    auto from = to_zero();
    from.spec.petrel.mode = trust_mode::inline_;
    auto host = open_ready(from);
    const auto here = submit(*host);
    BOOST_TEST(got->has(here));
    skip(1s);
    skip(61s);
    BOOST_REQUIRE(gone());
    BOOST_TEST(host->stats().instances == 0u);
    const auto answer = call(*host); // by an executor, which may load
    BOOST_TEST(code_name(answer) == "ok");
    BOOST_TEST((answer.start == start_kind::cold));
    const auto next = submit(*host);
    BOOST_TEST(got->has(next)); // on the loop again
    BOOST_TEST(code_name(got->wait(next)) == "ok");
  }

  BOOST_AUTO_TEST_CASE(stop_while_it_is_away_or_coming) {
    door gate;
    auto host = away();
    scripts["f"].load = [&] {
      gate.pass();
      return result<void>{};
    };
    const auto token = submit(*host);
    gate.await(1);
    std::thread stopper{[&] { hosts->stop(10ms); }};
    BOOST_TEST(code_name(got->wait(token)) == "shutting_down");
    gate.open();
    stopper.join();
    BOOST_TEST(code_name(call(*host)) == "shutting_down");
    host.reset();
    BOOST_TEST(eventually([&] { return scripts["f"].modules == 0; }));
    BOOST_TEST(got->each_once());
  }

  BOOST_AUTO_TEST_CASE(the_node_ticks_by_itself) {
    config.tick_every = 1ms;
    auto from = to_zero();
    from.spec.petrel.scale.idle = 1ms; // less than a manifest may say
    auto host = open_ready(from);
    BOOST_TEST(eventually([&] { return scripts["f"].modules == 0; }));
    BOOST_TEST(code_name(call(*host)) == "ok");
    BOOST_TEST(eventually([&] { return scripts["f"].modules == 0; }));
  }

  BOOST_AUTO_TEST_SUITE_END()
