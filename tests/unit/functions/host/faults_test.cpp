// Calls past their deadline: answers, write-off, replacement, quarantine.
#include "tests/unit/functions/host/host_fixture.hpp"

using namespace faas;
using namespace faas::test;

namespace {

struct fault_fixture : host_fixture {
  door stuck;
  std::atomic<int> ran{0};

  fault_fixture() {
    config.threads = 2;
    // "stuck": blocks until the test opens the door, whatever the deadline.
    scripts["f"].invoke = [this](const invocation& event, invocation_context&) {
      ++ran;
      if (event.body.view() == "stuck")
        stuck.pass();
      return text_reply("fine");
    };
    scripts["g"].invoke
      = [](const invocation&, invocation_context&) { return text_reply("g"); };
  }
  /// Lets the lost threads end before the scripts go.
  ~fault_fixture() {
    if (hosts)
      hosts->stop(0s);
    BOOST_TEST(eventually([&] { return scripts["f"].modules == 0; }));
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(faults_test, fault_fixture)

  BOOST_AUTO_TEST_CASE(a_call_past_its_deadline_is_answered_while_it_blocks) {
    auto host = open_ready(request("f"));
    const auto late = call(*host, "stuck", 200ms);
    BOOST_TEST(code_name(late) == "deadline_exceeded");
    BOOST_TEST(late.status == 504);
    BOOST_TEST(late.started);
    BOOST_TEST(late.version == 3u);
    BOOST_TEST((late.times.service >= 100ms));
    BOOST_TEST(host->stats().timed_out == 1u);
    stuck.open();
  }

  BOOST_AUTO_TEST_CASE(its_thread_and_instance_are_replaced) {
    config.threads = 1;
    auto host = open_ready(request("f"));
    call(*host, "stuck", 200ms);
    const auto next = call(*host);
    BOOST_TEST(code_name(next) == "ok");
    BOOST_TEST((next.times.cold.count() > 0));
    BOOST_TEST(scripts["f"].instances == 2);
    BOOST_TEST(host->stats().written_off == 1u);
    stuck.open(); // the lost thread comes back and drops its instance
    BOOST_TEST(eventually([&] { return scripts["f"].instances == 1; }));
    BOOST_TEST(code_name(call(*host)) == "ok");
    BOOST_TEST(got->each_once());
  }

  BOOST_AUTO_TEST_CASE(an_answer_that_comes_too_late_is_dropped) {
    auto host = open_ready(request("f"));
    const auto token = submit(*host, "stuck", 200ms);
    got->wait(token);
    stuck.open();
    BOOST_TEST(eventually([&] { return scripts["f"].parallel == 0; }));
    BOOST_TEST(eventually([&] { return scripts["f"].instances == 0; }));
    BOOST_TEST(got->each_once());
    BOOST_TEST(code_name(got->wait(token)) == "deadline_exceeded");
  }

  BOOST_AUTO_TEST_CASE(a_waiting_event_is_answered_at_its_deadline) {
    auto host = open_ready(request("f"));
    const auto first = submit(*host, "stuck", 10s);
    stuck.await(1);
    const auto later = submit(*host, "", 5s);
    const auto soon = submit(*host, "", 50ms);
    const auto answer = got->wait(soon);
    BOOST_TEST(code_name(answer) == "deadline_exceeded");
    BOOST_TEST(!answer.started);
    BOOST_TEST(!got->has(first));
    BOOST_TEST(!got->has(later));
    BOOST_TEST(host->stats().written_off == 0u);
    BOOST_TEST(host->stats().waiting == 1u);
    stuck.open();
    BOOST_TEST(code_name(got->wait(later)) == "ok");
    BOOST_TEST(ran == 2);
  }

  BOOST_AUTO_TEST_CASE(too_many_lost_threads_quarantine_the_version) {
    auto host = open_ready(request("f"));
    auto other = open_ready(request("g"));
    for (uint32_t i = 0; i < limits::written_off_threads; ++i) {
      BOOST_TEST(told["f"].quarantined.empty());
      BOOST_TEST(code_name(call(*host, "stuck", 200ms)) == "deadline_exceeded");
    }
    BOOST_REQUIRE(
      told["f"].wait([&] { return !told["f"].quarantined.empty(); }));
    BOOST_TEST(
      (told["f"].quarantined[0].find("f version 3 was stopped: 3 calls") == 0));
    const auto refused = call(*host);
    BOOST_TEST(code_name(refused) == "quarantined");
    BOOST_TEST(refused.message == told["f"].quarantined[0]);
    BOOST_TEST(host->stats().slots == 0u);
    BOOST_TEST(code_name(call(*other)) == "ok"); // others go on
    stuck.open();
  }

  BOOST_AUTO_TEST_CASE(quarantine_answers_what_still_waits) {
    config.written_off_per_version = 1;
    config.threads = 1;
    auto host = open_ready(request("f"));
    const auto late = submit(*host, "stuck", 200ms);
    stuck.await(1);
    std::vector<uint64_t> waiting;
    for (int i = 0; i < 10; ++i)
      waiting.push_back(submit(*host, "stuck", 5s));
    got->wait(late);
    BOOST_REQUIRE(
      got->wait_for_count(10)); // one may have begun on the new thread
    stuck.open();
    BOOST_REQUIRE(got->wait_for_count(11));
    int refused = 0;
    for (const auto token : waiting)
      refused += got->wait(token).code == errc::quarantined ? 1 : 0;
    BOOST_TEST(refused >= 9);
    BOOST_TEST(got->each_once());
  }

  BOOST_AUTO_TEST_CASE(a_node_that_misses_many_threads_is_less_patient) {
    config.written_off_per_version = 100;
    config.written_off_per_node = 2;
    auto host = open_ready(request("f"));
    call(*host, "stuck", 200ms);
    BOOST_TEST(told["f"].quarantined.empty());
    call(*host, "stuck", 200ms);
    BOOST_REQUIRE(
      told["f"].wait([&] { return !told["f"].quarantined.empty(); }));
    BOOST_TEST((told["f"].quarantined[0].find("this node misses 2 threads")
                != std::string::npos));
    stuck.open();
  }

  BOOST_AUTO_TEST_CASE(a_thread_that_came_back_is_forgiven) {
    config.forgive_after = 0s;
    config.written_off_per_version = 2;
    scripts["f"].invoke = [](const invocation&, invocation_context& node) {
      while (!node.cancelled())
        std::this_thread::sleep_for(1ms); // blocks on purpose
      return reply{};
    };
    auto host = open_ready(request("f"));
    for (int i = 0; i < 5; ++i) {
      BOOST_TEST(code_name(call(*host, "", 200ms)) == "deadline_exceeded");
      BOOST_REQUIRE(eventually([&] { return scripts["f"].parallel == 0; }));
      BOOST_REQUIRE(eventually([&] { return scripts["f"].instances == 0; }));
    }
    BOOST_TEST(told["f"].quarantined.empty());
    BOOST_TEST(host->stats().written_off == 5u);
    stuck.open();
  }

  BOOST_AUTO_TEST_CASE(close_does_not_wait_for_lost_threads) {
    auto host = open_ready(request("f"));
    call(*host, "stuck", 200ms);
    close(host, "f");
    BOOST_TEST(scripts["f"].modules == 1); // code in use stays
    stuck.open();
    host.reset();
    BOOST_TEST(eventually([&] { return scripts["f"].modules == 0; }));
  }

  BOOST_AUTO_TEST_CASE(a_replacement_instance_that_fails_answers_its_event) {
    auto host = open_ready(request("f"));
    call(*host, "stuck", 200ms);
    std::atomic<bool> broken{true};
    scripts["f"].create = [&] {
      return broken ? result<void>{errc::bad_bundle, "disk gone", ""}
                    : result<void>{};
    };
    const auto failed = call(*host);
    BOOST_TEST(code_name(failed) == "bad_bundle");
    BOOST_TEST(failed.message == "disk gone");
    broken = false;
    BOOST_TEST(code_name(call(*host)) == "ok");
    stuck.open();
  }

  BOOST_AUTO_TEST_SUITE_END()
