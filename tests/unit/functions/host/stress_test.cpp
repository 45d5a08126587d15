// Many threads, random faults: each event is answered exactly once.
#include "libfaas/core/random.hpp"
#include "tests/unit/functions/host/host_fixture.hpp"

using namespace faas;
using namespace faas::test;

namespace {

struct stress_fixture : host_fixture {
  std::atomic<uint64_t> ran{0};

  /// "n": spins n microseconds, "!": fails, "~": sleeps past its deadline.
  stress_fixture() {
    config.threads = 4;
    config.written_off_per_version = 1'000'000;
    config.written_off_per_node = 1'000'000;
    scripts["f"].invoke = scripts["g"].invoke
      = [this](const invocation& event, invocation_context& node) {
          ++ran;
          const auto text = event.body.view();
          if (text == "!")
            return reply::failure({errc::function_failed, "", ""});
          if (text == "~")
            while (!node.cancelled())
              std::this_thread::yield();
          return text_reply(std::string{text});
        };
  }

  /// Feeds the hosts from several threads.
  void feed(std::vector<function_host*> targets, int threads, int events,
            uint64_t seed, bool slow) {
    std::vector<std::thread> loops;
    for (int i = 0; i < threads; ++i)
      loops.emplace_back([=, this] {
        random_source random{seed + static_cast<uint64_t>(i)};
        for (int j = 0; j < events; ++j) {
          const auto pick = random.below(100);
          const auto body = pick < 10 ? "!" : pick < 12 && slow ? "~" : "x";
          const auto timeout = body[0] == '~' || (slow && pick < 30)
                                 ? duration{1ms * random.below(5)}
                                 : duration{10s};
          submit(*targets[random.below(targets.size())], body, timeout);
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

BOOST_FIXTURE_TEST_SUITE(stress_test, stress_fixture)

  BOOST_AUTO_TEST_CASE(four_loops_feed_one_function) {
    auto from = request("f");
    from.spec.petrel.concurrency = 3;
    from.spec.petrel.queue = 20'000;
    auto host = open_ready(from);
    feed({host.get()}, 4, 2000, fresh_seed(), false);
    BOOST_REQUIRE(got->wait_for_count(8000));
    BOOST_TEST(got->each_once());
    BOOST_TEST(ran == 8000u);
    BOOST_TEST(count(errc::ok) + count(errc::function_failed) == 8000u);
    BOOST_TEST(scripts["f"].most_parallel <= 3);
    BOOST_TEST(host->stats().answered == 8000u);
  }

  BOOST_AUTO_TEST_CASE(four_loops_feed_one_inline_function) {
    config.gateway_loops = 4;
    config.inline_bounds = {10s, 10s};
    auto from = request("f");
    from.spec.petrel.mode = trust_mode::inline_;
    auto host = open_ready(from);
    feed({host.get()}, 4, 2000, fresh_seed(), false);
    BOOST_TEST(got->all().size() == 8000u);
    BOOST_TEST(got->each_once());
    BOOST_TEST(scripts["f"].created == 4);
  }

  BOOST_AUTO_TEST_CASE(inline_withdrawn_under_load_loses_nothing) {
    config.gateway_loops = 4;
    config.inline_bounds = {10s, 1ns}; // the first full window ends it
    auto from = request("f");
    from.spec.petrel.mode = trust_mode::inline_;
    from.spec.petrel.queue = 20'000;
    auto host = open_ready(from);
    feed({host.get()}, 4, 2000, fresh_seed(), false);
    BOOST_REQUIRE(got->wait_for_count(8000));
    BOOST_TEST(got->each_once());
    BOOST_TEST(told["f"].withdrawn.size() == 1u);
    BOOST_TEST(count(errc::ok) + count(errc::function_failed) == 8000u);
  }

  BOOST_AUTO_TEST_CASE(late_calls_full_queues_and_faults_answer_once) {
    auto f = request("f");
    f.spec.petrel.concurrency = 3;
    f.spec.petrel.queue = 64;
    auto g = request("g");
    g.spec.petrel.concurrency = 2;
    g.spec.petrel.queue = 64;
    auto one = open_ready(f);
    auto two = open_ready(g);
    feed({one.get(), two.get()}, 4, 1000, fresh_seed(), true);
    BOOST_REQUIRE(got->wait_for_count(4000));
    BOOST_TEST(got->each_once());
    const auto a = one->stats(), b = two->stats();
    BOOST_TEST(a.accepted + a.refused + b.accepted + b.refused == 4000u);
    BOOST_TEST(a.answered + b.answered == a.accepted + b.accepted);
    BOOST_TEST_MESSAGE("written off " << a.written_off + b.written_off);
    BOOST_TEST(count(errc::internal) + count(errc::abandoned) == 0u);
  }

  BOOST_AUTO_TEST_CASE(closing_under_load_answers_everything) {
    for (const auto mode : {trust_mode::threads, trust_mode::inline_}) {
      auto from = request("f");
      from.spec.petrel.mode = mode;
      from.spec.petrel.concurrency = 2;
      config.gateway_loops = 3;
      config.inline_bounds = {10s, 10s};
      hosts.reset();
      told.clear();
      auto host = open_ready(from);
      const auto before = got->order().size();
      std::thread feeder{
        [&] { feed({host.get()}, 3, 1000, fresh_seed(), true); }};
      got->wait_for_count(before + 500);
      host->close(told["f"].on_close());
      feeder.join();
      BOOST_REQUIRE(got->wait_for_count(before + 3000));
      BOOST_REQUIRE(told["f"].wait([&] { return told["f"].closed == 1; }));
      BOOST_TEST_MESSAGE("refused " << count(errc::shutting_down));
    }
    BOOST_TEST(got->each_once());
    BOOST_TEST(count(errc::abandoned) == 0u);
    BOOST_TEST(eventually([&] { return scripts["f"].instances == 0; }));
  }

  BOOST_AUTO_TEST_CASE(stopping_under_load_answers_everything) {
    auto from = request("f");
    from.spec.petrel.concurrency = 3;
    auto host = open_ready(from);
    std::thread feeder{
      [&] { feed({host.get()}, 3, 1000, fresh_seed(), true); }};
    got->wait_for_count(500);
    hosts->stop(1s);
    feeder.join();
    BOOST_REQUIRE(got->wait_for_count(3000));
    BOOST_TEST(got->each_once());
    BOOST_TEST(count(errc::abandoned) == 0u);
    BOOST_TEST(eventually([&] { return scripts["f"].parallel == 0; }));
  }

  BOOST_AUTO_TEST_SUITE_END()
