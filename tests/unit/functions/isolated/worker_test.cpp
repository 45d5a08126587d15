// Workers in trouble, through a node's hosts. No bundle is trusted.
#include "tests/unit/functions/isolated/isolated_fixture.hpp"

#include <unistd.h>

using namespace faas;
using namespace faas::test;

namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(worker_test, isolated_fixture)

  BOOST_AUTO_TEST_CASE(an_instance_runs_in_a_process_of_its_own) {
    auto host = ready("hostile");
    const auto pid = pid_of(*host);
    BOOST_TEST(pid != ::getpid());
    BOOST_TEST(lives(pid));
    BOOST_TEST(pid_of(*host) == pid);
    BOOST_TEST(host->facts()["mode"] == "isolated");
    BOOST_TEST(host->facts()["workers"] == std::to_string(pid));
    BOOST_TEST(host->facts()["abi"] == "1");
    close(host, "hostile");
    BOOST_TEST(eventually([&] { return !lives(pid); }));
  }

  BOOST_AUTO_TEST_CASE(an_instance_gets_no_descriptor_of_the_node) {
    auto host = ready("hostile");
    BOOST_TEST(call(*host, "fds").body.view() == "4 ");
  }

  BOOST_AUTO_TEST_CASE(a_crash_is_answered_and_the_next_event_is_served) {
    auto host = ready("hostile");
    const auto pid = pid_of(*host);
    const auto crashed = call(*host, "segv");
    BOOST_TEST(code_name(crashed) == "outcome_unknown");
    BOOST_TEST(http_status(crashed.code) == 502);
    BOOST_TEST(crashed.started);
    BOOST_TEST(has(crashed.message, "SIGSEGV"));
    BOOST_TEST(has(crashed.message, "last words"));
    BOOST_TEST(call(*host, "calls").body.view() == "1"); // a fresh state
    BOOST_TEST(pid_of(*host) != pid);
    BOOST_TEST(!lives(pid));
    BOOST_TEST(host->stats().failed == 1u);
  }

  BOOST_AUTO_TEST_CASE(every_way_to_leave_is_told) {
    auto host = ready("hostile");
    BOOST_TEST(has(call(*host, "abort").message, "SIGABRT"));
    BOOST_TEST(has(call(*host, "exit 3").message, "3"));
    BOOST_TEST(code_name(call(*host, "fine")) == "ok"); // it begins anew
    BOOST_TEST(has(call(*host, "quick-exit 4").message, "4"));
    BOOST_TEST(code_name(call(*host, "exit 0")) == "outcome_unknown");
    BOOST_TEST(code_name(call(*host, "fine")) == "ok");
  }

  BOOST_AUTO_TEST_CASE(a_worker_that_dies_between_events_is_replaced) {
    auto host = ready("hostile");
    const auto pid = pid_of(*host);
    BOOST_TEST(code_name(call(*host, "later")) == "ok");
    BOOST_TEST(eventually([&] { return !lives(pid); }));
    BOOST_TEST(call(*host, "calls").body.view() == "1");
    BOOST_TEST(host->stats().failed == 0u);
  }

  BOOST_AUTO_TEST_CASE(a_crash_loop_ends_in_quarantine_with_the_reason) {
    workers.crashes = {3, 1ms, 5ms};
    auto host = ready("hostile");
    for (int i = 0; i < 3; ++i)
      BOOST_TEST(code_name(call(*host, "segv")) == "outcome_unknown");
    const auto refused = call(*host, "fine");
    BOOST_TEST(code_name(refused) == "quarantined");
    BOOST_TEST(has(refused.message, "SIGSEGV"));
    BOOST_TEST(has(refused.message, "3 times"));
    BOOST_TEST(told["hostile"].quarantined.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(crashes_between_good_events_are_no_loop) {
    workers.crashes = {2, 1ms, 5ms};
    auto host = ready("hostile");
    for (int i = 0; i < 5; ++i) {
      BOOST_TEST(code_name(call(*host, "segv")) == "outcome_unknown");
      BOOST_TEST(code_name(call(*host, "fine")) == "ok");
    }
  }

  BOOST_AUTO_TEST_CASE(another_function_does_not_notice_a_crash) {
    auto host = ready("hostile");
    auto other = ready("misbehave");
    const auto running = submit(*other, "block 100");
    BOOST_TEST(code_name(call(*host, "segv")) == "outcome_unknown");
    BOOST_TEST(code_name(got->wait(running)) == "ok");
    BOOST_TEST(call(*other, "calls").body.view() == "2"); // the same state
  }

  BOOST_AUTO_TEST_CASE(a_hanging_worker_is_killed_and_no_thread_is_lost) {
    config.waiting_threads = 1;
    auto host = ready("misbehave");
    const auto late = call(*host, "forever", 50ms);
    BOOST_TEST(code_name(late) == "deadline_exceeded");
    BOOST_TEST(late.started);
    for (int i = 0; i < 3; ++i)
      BOOST_TEST(code_name(call(*host, "forever", 30ms))
                 == "deadline_exceeded");
    BOOST_TEST(call(*host, "calls").body.view() == "1");
    BOOST_TEST(host->stats().written_off == 0u);
    BOOST_TEST(told["misbehave"].quarantined.empty());
  }

  BOOST_AUTO_TEST_CASE(a_function_that_notices_its_deadline_lives) {
    auto host = ready("misbehave");
    BOOST_TEST(code_name(call(*host, "until-cancelled", 50ms))
               == "deadline_exceeded");
    BOOST_TEST(call(*host, "calls").body.view() == "2"); // the same state
  }

  BOOST_AUTO_TEST_CASE(a_cancelled_function_sees_it_and_stops) {
    auto host = ready("misbehave");
    const auto token = submit(*host, "until-cancelled");
    BOOST_REQUIRE(eventually([&] { return host->stats().running == 1; }));
    got->nobody_waits();
    BOOST_TEST(code_name(got->wait(token)) == "ok");
  }

  BOOST_AUTO_TEST_CASE(shared_memory_full_of_garbage_is_noticed) {
    auto host = ready("hostile");
    const auto bad = call(*host, "scribble-all");
    BOOST_TEST(code_name(bad) == "outcome_unknown");
    BOOST_TEST(has(bad.message, "overwrote the memory"));
    BOOST_TEST(code_name(call(*host, "fine")) == "ok");
    for (const auto* value : {"0", "1", "127", "255"})
      call(*host, std::string{"scribble-words "} + value, 2s);
    BOOST_TEST(eventually([&] { return code_name(call(*host, "fine")) == "ok"; }));
  }

  BOOST_AUTO_TEST_CASE(a_size_that_keeps_changing_harms_nobody) {
    auto host = ready("hostile");
    call(*host, "scribble-head");
    for (int i = 0; i < 200; ++i)
      if (code_name(call(*host, "fine")) == "quarantined")
        break;
    auto other = ready("hello");
    BOOST_TEST(call(*other, "you").body.view() == "Hello, you!\n");
  }

  BOOST_AUTO_TEST_CASE(what_it_prints_is_logged_with_its_call) {
    auto host = ready("hostile");
    call(*host, "print a line");
    BOOST_TEST(logged("hostile", "made"));
    BOOST_TEST(logged("hostile", "a line"));
    BOOST_TEST(logged("hostile", "and on stderr: a line"));
    for (const auto& line : told["hostile"].lines)
      BOOST_TEST(!line.call.empty());
  }

  BOOST_AUTO_TEST_CASE(a_flood_of_lines_is_bounded_and_does_not_block) {
    auto host = ready("hostile");
    BOOST_TEST(code_name(call(*host, "flood 20000000")) == "ok");
    BOOST_TEST(logged("hostile", "199000 more lines"));
    BOOST_TEST(told["hostile"].lines.size() < 1100u);
  }

  BOOST_AUTO_TEST_CASE(trouble_at_the_start_fails_the_load_with_its_lines) {
    auto from = library("hostile");
    from.spec.environment = {{"CREATE", "exit"}};
    open(from);
    const auto& loaded = told["hostile"].loaded;
    BOOST_REQUIRE(!loaded[0]);
    BOOST_TEST((loaded[0].error().code == errc::bad_bundle));
    BOOST_TEST(has(loaded[0].error().message, "7"));
    BOOST_TEST(has(loaded[0].error().message, "about to leave"));
  }

  BOOST_AUTO_TEST_CASE(an_instance_that_is_never_made_ends_in_time) {
    workers.worker.start_timeout = 300ms;
    auto from = library("hostile");
    from.spec.environment = {{"CREATE", "hang"}};
    open(from);
    BOOST_REQUIRE(!told["hostile"].loaded[0]);
    BOOST_TEST(has(told["hostile"].loaded[0].error().message, "in time"));
  }

  BOOST_AUTO_TEST_CASE(an_instance_that_does_not_end_is_killed) {
    workers.worker.close_timeout = 100ms;
    auto from = library("hostile");
    from.spec.environment = {{"DESTROY", "hang"}};
    auto host = open_ready(from);
    const auto pid = pid_of(*host);
    close(host, "hostile");
    BOOST_TEST(eventually([&] { return !lives(pid); }));
  }

  BOOST_AUTO_TEST_CASE(a_program_that_is_not_there_is_named) {
    workers.worker.program = "/nowhere/faas-worker";
    open(library("hello"));
    BOOST_REQUIRE(!told["hello"].loaded[0]);
    BOOST_TEST(has(told["hello"].loaded[0].error().message, "faas-worker"));
  }

  BOOST_AUTO_TEST_CASE(more_calls_than_executors_wait_at_once) {
    config.threads = 1;
    config.waiting_threads = 8;
    auto from = library("misbehave");
    from.spec.petrel.concurrency = 8;
    auto host = open_ready(from);
    for (int i = 0; i < 8; ++i)
      submit(*host, "until-cancelled");
    BOOST_REQUIRE(eventually([&] { return host->stats().running == 8; }));
    got->nobody_waits();
    BOOST_TEST(got->wait_for_count(8));
  }

  BOOST_AUTO_TEST_CASE(a_stop_ends_a_call_that_runs_with_its_worker) {
    auto host = ready("misbehave");
    const auto pid = std::stoi(host->facts()["workers"]);
    const auto token = submit(*host, "forever", 1h);
    BOOST_REQUIRE(eventually([&] { return host->stats().running == 1; }));
    hosts->stop(0s);
    BOOST_TEST(code_name(got->wait(token)) == "shutting_down");
    BOOST_TEST(!lives(pid));
    BOOST_TEST(node_lines.empty()); // no thread is left behind
  }

  BOOST_AUTO_TEST_CASE(a_stop_leaves_no_worker_behind) {
    auto host = ready("hostile");
    const auto pid = pid_of(*host);
    host.reset();
    hosts->stop(5s);
    hosts.reset();
    BOOST_TEST(eventually([&] { return !lives(pid); }));
  }

  BOOST_AUTO_TEST_SUITE_END()
