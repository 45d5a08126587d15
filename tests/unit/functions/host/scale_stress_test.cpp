// Leaving the memory at every moment: no event is lost or answered twice.
#include "libfaas/core/random.hpp"
#include "tests/unit/functions/host/host_fixture.hpp"

using namespace faas;
using namespace faas::test;

namespace {

struct scale_stress_fixture : host_fixture {
  std::atomic<bool> over{false};

  scale_stress_fixture() {
    config.threads = 4;
    config.gateway_loops = 4;
    config.tick_every = 0s;
    config.inline_bounds = {10s, 10s};
    scripts["f"].invoke = [](const invocation& event, invocation_context&) {
      return text_reply(std::string{event.body.view()});
    };
  }
  host_request eager(trust_mode mode) {
    auto from = request("f");
    from.spec.petrel.mode = mode;
    from.spec.petrel.concurrency = 3;
    from.spec.petrel.queue = 20'000;
    from.spec.petrel.scale.min = 0;
    from.spec.petrel.scale.idle = 1s;
    from.spec.petrel.scale.hold = 1s;
    return from;
  }
  /// Each tick says that seconds have passed: it leaves whenever it can.
  std::thread rush() {
    return std::thread{[this] {
      auto now = std::chrono::steady_clock::now();
      while (!over) {
        hosts->tick(now += 2s);
        std::this_thread::yield();
      }
    }};
  }
  void feed(function_host& host, int threads, int events, uint64_t seed) {
    std::vector<std::thread> loops;
    for (int i = 0; i < threads; ++i)
      loops.emplace_back([=, this, &host] {
        random_source random{seed + static_cast<uint64_t>(i)};
        for (int j = 0; j < events; ++j) {
          const auto token = submit(host, "x");
          if (random.below(4) == 0) // so that it is idle at times
            got->wait(token);
        }
      });
    for (auto& loop : loops)
      loop.join();
  }
  uint64_t count(errc code) {
    uint64_t n = 0;
    for (const auto& [token, answer] : got->all())
      n += answer.code == code ? 1 : 0;
    return n;
  }
};

uint64_t fresh_seed() {
  const auto seed = static_cast<uint64_t>(
    std::chrono::steady_clock::now().time_since_epoch().count());
  BOOST_TEST_MESSAGE("seed " << seed);
  return seed;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(scale_stress_test, scale_stress_fixture)

  BOOST_AUTO_TEST_CASE(no_event_fails_because_it_leaves) {
    for (const auto mode : {trust_mode::threads, trust_mode::inline_}) {
      got = answers::make();
      hosts.reset();
      told.clear();
      over = false;
      auto host = open_ready(eager(mode));
      auto clock = rush();
      size_t sent = 0;
      do { // until it has left at least once
        feed(*host, 3, 1000, fresh_seed());
        sent += 3000;
        BOOST_REQUIRE(got->wait_for_count(sent));
      } while (host->stats().unloads == 0 && sent < 90'000);
      over = true;
      clock.join();
      BOOST_TEST(got->each_once());
      BOOST_TEST(count(errc::ok) == sent);
      const auto stats = host->stats();
      BOOST_TEST_MESSAGE("left " << stats.unloads << ", cold "
                                 << stats.cold_starts);
      BOOST_TEST(stats.unloads > 0u);
      BOOST_TEST(stats.cold_starts + stats.pool_starts + stats.warm_starts
                 == sent);
      close(host, "f");
      BOOST_TEST(scripts["f"].modules == 0);
      BOOST_TEST(scripts["f"].instances == 0);
    }
  }

  BOOST_AUTO_TEST_CASE(loads_that_fail_at_times_answer_everything) {
    random_source random{fresh_seed()};
    std::mutex mutex;
    std::atomic<bool> first{true};
    scripts["f"].load = [&]() -> result<void> {
      const std::lock_guard lock{mutex};
      if (!first.exchange(false) && random.below(3) == 0)
        return {errc::unavailable, "at times", ""};
      return {};
    };
    auto host = open_ready(eager(trust_mode::threads));
    auto clock = rush();
    feed(*host, 3, 500, fresh_seed());
    BOOST_TEST(got->wait_for_count(1500));
    over = true;
    clock.join();
    BOOST_TEST(got->each_once());
    BOOST_TEST(count(errc::ok) + count(errc::unavailable) == 1500u);
    close(host, "f");
  }

  BOOST_AUTO_TEST_CASE(closing_at_any_moment_ends) {
    const auto seed = fresh_seed();
    for (uint64_t round = 0; round < 60; ++round) {
      auto from = eager(round % 2 ? trust_mode::threads : trust_mode::inline_);
      told.clear();
      over = false;
      auto host = open_ready(from);
      const auto before = got->order().size();
      auto clock = rush();
      std::thread feeder{[&] { feed(*host, 2, 30, seed + round * 7); }};
      got->wait_for_count(before + round);
      host->close(told["f"].on_close());
      feeder.join();
      BOOST_REQUIRE(got->wait_for_count(before + 60));
      BOOST_REQUIRE(told["f"].wait([&] { return told["f"].closed == 1; }));
      over = true;
      clock.join();
      host.reset();
    }
    BOOST_TEST(got->each_once());
    BOOST_TEST(count(errc::abandoned) + count(errc::internal) == 0u);
    BOOST_TEST(eventually([&] { return scripts["f"].modules == 0; }));
  }

  BOOST_AUTO_TEST_SUITE_END()
