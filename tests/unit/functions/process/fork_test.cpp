// Protocol fork with real programs.
#include "tests/unit/functions/process/world.hpp"

#include <sys/stat.h>

using namespace faas;
using namespace faas::process::testing;

namespace {

struct fork_world : world {
  context calls;

  fork_world() {
    spec.petrel.process.protocol = process_protocol::fork;
    spec.petrel.process.command = {"tr", "a-z", "A-Z"};
  }
  reply run(invocation event) {
    const auto failed = module ? "" : load_failure();
    BOOST_REQUIRE_MESSAGE(module, failed);
    return instance()->invoke(event, calls);
  }
  reply run(std::string body = {}, duration time = limit) {
    return run(event("/", std::move(body), time));
  }
  bool logged(std::string_view part) const { return calls.has(part); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(fork_test, fork_world)

  BOOST_AUTO_TEST_CASE(a_shell_filter_answers) {
    auto answer = run("hello");
    BOOST_TEST((answer.code == errc::ok), answer.message);
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.body.view() == "HELLO");
    BOOST_TEST(answer.content_type == "text/plain");
    BOOST_TEST(module->facts().at("protocol") == "fork");
  }

  BOOST_AUTO_TEST_CASE(fprocess_is_enough) {
    spec.petrel.process.command.clear();
    spec.fprocess = "tr l r";
    BOOST_TEST(run("hello").body.view() == "herro");
  }

  BOOST_AUTO_TEST_CASE(the_event_is_in_the_environment) {
    shell("echo \"$Http_Method $Http_Path $Http_Query $Http_X_A $GREETING\"\n"
          "cat\n");
    spec.environment = {{"GREETING", "hi"}, {"content_type", "text/x"}};
    auto what = event("/a%20b", "body");
    what.method = "PUT";
    what.query = "q=1";
    what.headers = {{"x-a", "v"}};
    const auto answer = run(what);
    BOOST_TEST(answer.body.view() == "PUT /a b q=1 v hi\nbody");
    BOOST_TEST(answer.content_type == "text/x");
  }

  BOOST_AUTO_TEST_CASE(the_content_type_is_the_requests_else) {
    auto what = event("/", "x");
    what.content_type = "application/json";
    BOOST_TEST(run(what).content_type == "application/json");
  }

  BOOST_AUTO_TEST_CASE(nothing_of_the_node_is_in_the_environment) {
    ::setenv("PETREL_TEST_HIDDEN", "secret", 1);
    spec.petrel.process.command = {"env"};
    BOOST_TEST(!contains(run().body.view(), "PETREL_TEST_HIDDEN"));
  }

  BOOST_AUTO_TEST_CASE(big_bodies_pass_both_ways) {
    spec.petrel.process.command = {"cat"};
    std::string body(8 << 20, 'x');
    body.back() = 'y';
    BOOST_TEST((run(body).body.view() == body));
  }

  BOOST_AUTO_TEST_CASE(a_program_need_not_read_its_body) {
    spec.petrel.process.command = {"echo", "done"};
    BOOST_TEST(run(std::string(8 << 20, 'x')).body.view() == "done\n");
  }

  BOOST_AUTO_TEST_CASE(error_output_goes_to_the_log) {
    shell("echo careful >&2; echo answer");
    BOOST_TEST(run().body.view() == "answer\n");
    BOOST_TEST(logged("careful"));
  }

  BOOST_AUTO_TEST_CASE(a_bad_exit_is_an_error_with_its_last_lines) {
    shell("echo half; echo 'no such thing' >&2; exit 3");
    const auto answer = run();
    BOOST_TEST((answer.code == errc::function_failed));
    BOOST_TEST(answer.status == 500);
    BOOST_TEST(contains(answer.message, "exited with status 3"),
               answer.message);
    BOOST_TEST(contains(answer.message, "no such thing"));
    BOOST_TEST(answer.body.empty());
  }

  BOOST_AUTO_TEST_CASE(a_crash_is_answered_502) {
    shell("echo oh >&2; kill -SEGV $$");
    const auto answer = run();
    BOOST_TEST((answer.code == errc::outcome_unknown));
    BOOST_TEST(answer.status == 502);
    BOOST_TEST(contains(answer.message, "SIGSEGV"), answer.message);
    BOOST_TEST((run("x").code == errc::outcome_unknown)); // and so on
  }

  BOOST_AUTO_TEST_CASE(the_deadline_kills_it_and_its_children) {
    shell("trap '' TERM\nsh -c 'trap \"\" TERM; echo $$ > child; "
          "while :; do sleep 1; done' &\n"
          "while [ ! -s child ]; do :; done\n"
          "echo $$ > parent\nwhile :; do sleep 1; done\n");
    BOOST_REQUIRE(load());
    reply answer;
    do { // on a loaded machine it may not come so far
      answer = run({}, 1s);
      BOOST_REQUIRE((answer.code == errc::deadline_exceeded));
      BOOST_TEST(answer.status == 504);
    } while (!std::filesystem::exists(bundle / "parent"));
    for (const auto name : {"child", "parent"}) {
      const auto pid = std::stoi(faas::testing::read_file(bundle / name));
      BOOST_TEST(becomes([&] { return gone(pid); }), name);
    }
  }

  BOOST_AUTO_TEST_CASE(it_comes_back_before_the_deadline) {
    spec.petrel.process.command = {"sleep", "1000"};
    const auto what = event("/", {}, 2s);
    const auto answer = run(what);
    BOOST_TEST((answer.code == errc::deadline_exceeded));
    BOOST_TEST(contains(answer.message, "was killed"), answer.message);
  }

  BOOST_AUTO_TEST_CASE(an_answer_over_the_limit_is_refused) {
    spec.petrel.process.command = {"yes"};
    spec.petrel.max_body_bytes = 100'000;
    const auto answer = run();
    BOOST_TEST((answer.code == errc::function_failed));
    BOOST_TEST(contains(answer.message, "more than 100000 bytes"),
               answer.message);
  }

  BOOST_AUTO_TEST_CASE(error_output_without_end_stops_nobody) {
    shell("head -c 5000000 /dev/zero | tr '\\0' '\\n' >&2; echo ok");
    const auto answer = run();
    BOOST_TEST(answer.body.view() == "ok\n");
    BOOST_TEST(calls.lines.size() < 20'000u); // of 5 million
    BOOST_TEST(logged("lines were dropped"));
  }

  BOOST_AUTO_TEST_CASE(children_left_behind_hold_nothing_up) {
    shell("sleep 1000 &\necho $! > child\necho answer\n");
    BOOST_TEST(run().body.view() == "answer\n");
    const auto pid = std::stoi(faas::testing::read_file(bundle / "child"));
    BOOST_TEST(becomes([&] { return gone(pid); }));
  }

  BOOST_AUTO_TEST_CASE(nobody_waits_any_more) {
    spec.petrel.process.command = {"sleep", "1000"};
    calls.cancel();
    BOOST_TEST((run().code == errc::cancelled));
  }

  BOOST_AUTO_TEST_CASE(a_missing_program_fails_the_load) {
    spec.petrel.process.command = {"no-such-program"};
    BOOST_TEST(contains(load_failure(), "no program no-such-program on this "
                                        "node (PATH "));
    spec.petrel.process.command = {"./no.sh"};
    BOOST_TEST(contains(load_failure(), "no program ./no.sh"));
    faas::testing::write_file(bundle / "no.sh", "#!/bin/sh\n");
    BOOST_TEST(contains(load_failure(), "that may be executed"));
    spec.petrel.process.command.clear();
    BOOST_TEST(contains(load_failure(), "petrel.command"));
  }

  BOOST_AUTO_TEST_CASE(a_program_that_cannot_be_executed_says_why) {
    script("odd", "#!/no/such/interpreter\n");
    spec.petrel.process.command = {"./odd"};
    const auto answer = run();
    BOOST_TEST((answer.code != errc::ok));
    BOOST_TEST(!answer.message.empty());
  }

  BOOST_AUTO_TEST_CASE(lines_of_an_event_stream_leave_at_once) {
    spec.environment["content_type"] = "application/x-ndjson";
    shell("echo 1; read go < $1; echo 2; exit $2");
    const auto pipe = (bundle / "go").string();
    BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    spec.petrel.process.command = {"./run.sh", pipe, "0"};
    calls.fate = part_fate::sent;
    calls.on_part = [&, first = true]() mutable {
      if (std::exchange(first, false)) // it has not ended before
        faas::testing::write_file(pipe, "go\n");
    };
    const auto answer = run();
    BOOST_TEST((answer.code == errc::ok), answer.message);
    BOOST_TEST((calls.parts == std::vector<std::string>{"1\n", "2\n"}));
    BOOST_TEST(calls.head.content_type == "application/x-ndjson");
    calls.fate = part_fate::kept;
    spec.petrel.process.command = {"echo", "whole"};
    module.reset();
    BOOST_TEST(run().body.view() == "whole\n");
  }

BOOST_AUTO_TEST_SUITE_END()
