// Functions that run on the submitting thread.
#include "tests/unit/functions/host/host_fixture.hpp"

using namespace faas;
using namespace faas::test;

namespace {

struct inline_fixture : host_fixture {
  std::function<reply()> body = [] { return text_reply("fine"); };
  std::thread::id ran_on;

  inline_fixture() {
    scripts["f"].invoke = [this](const invocation&, invocation_context&) {
      ran_on = std::this_thread::get_id();
      return body();
    };
  }
  host_request inline_request() {
    auto from = request("f");
    from.spec.petrel.mode = trust_mode::inline_;
    return from;
  }
  bool here() const { return ran_on == std::this_thread::get_id(); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(inline_test, inline_fixture)

  BOOST_AUTO_TEST_CASE(runs_on_the_calling_thread_before_submit_returns) {
    auto host = open_ready(inline_request());
    const auto token = submit(*host);
    BOOST_REQUIRE(got->has(token));
    const auto answer = got->wait(token);
    BOOST_TEST(answer.body.view() == "fine");
    BOOST_TEST(answer.started);
    BOOST_TEST(answer.version == 3u);
    BOOST_TEST((answer.times.queue.count() == 0));
    BOOST_TEST(here());
    BOOST_TEST(host->stats().accepted == 1u);
    BOOST_TEST(host->stats().answered == 1u);
  }

  BOOST_AUTO_TEST_CASE(a_loop_without_a_lane_uses_executors) {
    config.gateway_loops = 1;
    auto host = open_ready(inline_request());
    std::thread{[&] { submit(*host); }}.join();
    BOOST_TEST(code_name(call(*host)) == "ok");
    BOOST_TEST(!here());
  }

  BOOST_AUTO_TEST_CASE(each_thread_has_an_instance_of_its_own) {
    config.gateway_loops = 4;
    std::atomic<int> inside{0};
    scripts["f"].invoke = [&](const invocation&, invocation_context&) {
      ++inside;
      for (int i = 0; i < 1000 && inside < 4; ++i)
        std::this_thread::yield();
      return reply{};
    };
    config.inline_bounds = {10s, 10s};
    auto host = open_ready(inline_request());
    std::vector<std::thread> loops;
    for (int i = 0; i < 4; ++i)
      loops.emplace_back([&] {
        for (int j = 0; j < 100; ++j)
          submit(*host);
      });
    for (auto& loop : loops)
      loop.join();
    BOOST_TEST(got->all().size() == 400u);
    BOOST_TEST(scripts["f"].created == 4);
    BOOST_TEST(host->stats().answered == 400u);
  }

  BOOST_AUTO_TEST_CASE(a_stall_withdraws_inline_and_is_named) {
    config.inline_bounds.stall = 5ms;
    auto host = open_ready(inline_request());
    body = [] {
      std::this_thread::sleep_for(8ms); // blocks on purpose
      return text_reply("slow");
    };
    BOOST_TEST(call(*host).body.view() == "slow");
    BOOST_TEST(here());
    BOOST_REQUIRE(told["f"].withdrawn.size() == 1);
    const auto& why = told["f"].withdrawn[0];
    BOOST_TEST((why.find("f leaves the gateway loop") == 0));
    BOOST_TEST((why.find("ms (allowed: 5.0 ms)") != std::string::npos));
    BOOST_TEST(call(*host).body.view() == "slow");
    BOOST_TEST(!here());
    BOOST_TEST(told["f"].withdrawn.size() == 1u);
    BOOST_TEST(host->stats().slots == 1u);
  }

  BOOST_AUTO_TEST_CASE(a_high_p99_withdraws_inline) {
    config.inline_bounds = {10s, 1us};
    body = [] {
      const auto end = std::chrono::steady_clock::now() + 3us;
      while (std::chrono::steady_clock::now() < end)
        ;
      return reply{};
    };
    auto host = open_ready(inline_request());
    for (int i = 0; i < 1001; ++i)
      submit(*host);
    BOOST_REQUIRE(told["f"].withdrawn.size() == 1);
    BOOST_TEST((told["f"].withdrawn[0].find("p99 of its last 1000 calls")
                != std::string::npos));
    BOOST_TEST(host->stats().inline_p99_us >= 2.0);
    BOOST_TEST(got->wait_for_count(1001));
  }

  BOOST_AUTO_TEST_CASE(close_waits_for_a_call_on_another_loop) {
    door gate;
    config.inline_bounds = {10s, 10s};
    body = [&] {
      gate.pass();
      return text_reply("done");
    };
    auto host = open_ready(inline_request());
    uint64_t token = 0;
    std::thread loop{[&] { token = submit(*host); }};
    gate.await(1);
    host->close(told["f"].on_close());
    BOOST_TEST(code_name(call(*host)) == "shutting_down");
    BOOST_TEST(told["f"].closed == 0);
    BOOST_TEST(scripts["f"].instances == 2);
    gate.open();
    loop.join();
    BOOST_REQUIRE(told["f"].wait([&] { return told["f"].closed == 1; }));
    BOOST_TEST(scripts["f"].instances == 0);
    BOOST_TEST(got->wait(token).body.view() == "done");
  }

  BOOST_AUTO_TEST_CASE(refuses_what_is_late_and_counts_failures) {
    auto host = open_ready(inline_request());
    BOOST_TEST(code_name(call(*host, "", -1s)) == "deadline_exceeded");
    body = [] {
      return reply::failure({errc::function_failed, "on purpose", ""});
    };
    BOOST_TEST(code_name(call(*host)) == "function_failed");
    BOOST_TEST(host->stats().failed == 1u);
    BOOST_TEST(host->stats().refused == 1u);
  }

  BOOST_AUTO_TEST_CASE(an_answer_may_submit_the_next_event) {
    struct chain final : completion_sink {
      std::function<void(uint64_t)> next;
      void complete(uint64_t token, reply&&) noexcept override { next(token); }
      bool wanted(uint64_t) const noexcept override { return true; }
    };
    auto host = open_ready(inline_request());
    auto sink = std::make_shared<chain>();
    uint64_t last = 0;
    sink->next = [&](uint64_t token) {
      last = token;
      if (token < 10)
        host->submit(event(), completion{sink, token + 1});
    };
    host->submit(event(), completion{sink, 1});
    BOOST_TEST(last == 10u);
  }

  BOOST_AUTO_TEST_SUITE_END()
