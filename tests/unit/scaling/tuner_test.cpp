#include "libfaas/scaling/tuner.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::scaling;
using namespace std::chrono_literals;

namespace {

const auto start = time_point{} + 1h;

} // namespace

BOOST_AUTO_TEST_SUITE(tuner_test)

  BOOST_AUTO_TEST_CASE(up_at_once_down_after_the_hold) {
    tuner it{{.hold = 20s}};
    BOOST_TEST(it.wanted(start, 0, 100ms, 1, 8) == 1u);
    BOOST_TEST(it.wanted(start + 1s, 35, 100ms, 1, 8) == 5u); // 3.5 / 0.7
    BOOST_TEST(it.wanted(start + 2s, 7, 100ms, 1, 8) == 5u);
    BOOST_TEST(it.wanted(start + 21s, 7, 100ms, 1, 8) == 5u);
    BOOST_TEST(it.wanted(start + 22s, 7, 100ms, 1, 8) == 1u);
    BOOST_TEST(it.wanted(start + 23s, 35, 100ms, 1, 8) == 5u);
  }

  BOOST_AUTO_TEST_CASE(falls_to_the_most_of_the_hold_time) {
    tuner it{{.hold = 20s}};
    BOOST_TEST(it.wanted(start, 56, 100ms, 1, 16) == 8u);
    BOOST_TEST(it.wanted(start + 10s, 28, 100ms, 1, 16) == 8u);
    BOOST_TEST(it.wanted(start + 21s, 7, 100ms, 1, 16) == 4u); // of +10s
    BOOST_TEST(it.wanted(start + 31s, 7, 100ms, 1, 16) == 1u);
  }

  BOOST_AUTO_TEST_CASE(by_the_mean_wait_when_one_is_named) {
    // 8 Erlang: by utilisation 12; M/M/c with 100 ms: 9 servers wait 65 ms.
    tuner by_use{{}}, by_wait{{.target_wait = 100ms}};
    BOOST_TEST(by_use.wanted(start, 80, 100ms, 1, 64) == 12u);
    BOOST_TEST(by_wait.wanted(start, 80, 100ms, 1, 64) == 9u);
  }

  BOOST_AUTO_TEST_CASE(a_clock_that_goes_back_holds_longer_at_most) {
    tuner it{{.hold = 20s}};
    BOOST_TEST(it.wanted(start, 35, 100ms, 1, 8) == 5u);
    BOOST_TEST(it.wanted(start - 1h, 0, 100ms, 1, 8) == 5u);
    BOOST_TEST(it.wanted(start + 21s, 0, 100ms, 1, 8) == 1u);
  }

  BOOST_AUTO_TEST_CASE(random_loads_stay_within_bounds_and_hold) {
    random_source random{7};
    tuner it{{.hold = 20s}};
    std::vector<std::pair<time_point, uint32_t>> needs;
    auto now = start;
    for (int i = 0; i < 20'000; ++i) {
      now += from_ms(random.uniform() * 2000);
      const auto rate = random.uniform() < 0.1 ? random.uniform() * 400 : 3.0;
      const auto need = std::min(
        40u, static_cast<uint32_t>(std::ceil(rate * 0.1 / 0.7 - 1e-9)));
      needs.emplace_back(now, need);
      uint32_t most = 2; // the least
      for (auto at = needs.rbegin();
           at != needs.rend() && now - at->first <= 20s; ++at)
        most = std::max(most, at->second);
      BOOST_REQUIRE(it.wanted(now, rate, 100ms, 2, 40) == most);
    }
  }

  BOOST_AUTO_TEST_CASE(slowly_falling_needs_take_no_more_room) {
    tuner it{{.hold = 1h}};
    uint32_t before = 1000;
    for (uint32_t i = 0; i < 900; ++i) {
      const auto n = it.wanted(start + i * 1s, 700 - i * 0.7, 1s, 1, 1000);
      BOOST_REQUIRE(n <= before);
      BOOST_REQUIRE(n == 1000); // the first one still holds
      before = n;
    }
    const auto after = it.wanted(start + 1h + 900s, 0, 1s, 1, 1000);
    BOOST_TEST(after < 1000u);
  }

  BOOST_AUTO_TEST_SUITE_END()
