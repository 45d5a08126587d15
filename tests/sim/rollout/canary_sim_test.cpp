// Whole rollouts in virtual time: good canaries that must not be rolled back,
// bad ones that must.
#include "libfaas/rollout/rollout.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>

using namespace faas;
using namespace faas::rollout;
using namespace std::chrono_literals;

namespace {

struct condition {
  double rate = 50;     ///< events/s
  double errors = 0;    ///< of both versions
  double slower = 1;    ///< the canary's latencies over the old version's
  double failing = 0;   ///< further errors of the canary
  double drift = 0;     ///< both versions change by e^drift over an hour
};

struct outcome {
  phase end = phase::stepping;
  double seconds = 0;
};

/// Three sites; routing prefers the fast one, differently for each version.
outcome play(const condition& with, uint64_t seed, double most_seconds) {
  random_source random{seed};
  class rollout rollout {
    {{0.05, 0.25, 0.5}, 30s}, {}
  };
  constexpr std::array<double, 3> typical{5, 40, 200};
  time_point now{};
  rollout.ready(now);
  double at = 0, next_look = 1;
  while (!rollout.ended() && at < most_seconds) {
    at += -std::log(1 - random.uniform()) / with.rate;
    for (; next_look <= at && !rollout.ended(); next_look += 1)
      rollout.look(now = time_point{} + from_ms(1000 * next_look));
    if (rollout.ended())
      break;
    const bool canary = random.uniform() < rollout.share();
    const double u = random.uniform();
    const auto site = canary ? (u < 0.4 ? 0u : u < 0.7 ? 1u : 2u)
                             : (u < 0.7 ? 0u : u < 0.9 ? 1u : 2u);
    const bool failed
      = random.uniform() < with.errors + (canary ? with.failing : 0);
    double latency = typical[site] * std::exp(0.4 * random.normal())
                     * std::exp(with.drift * at / 3600);
    if (random.uniform() < 0.01)
      latency *= 8; // outliers
    rollout.event(site, canary ? arm::canary : arm::old_version, failed,
                  latency * (canary ? with.slower : 1));
  }
  return {rollout.now(), at};
}

} // namespace

BOOST_AUTO_TEST_SUITE(canary_sim_test)

BOOST_AUTO_TEST_CASE(of_1000_good_canaries_at_most_10_are_rolled_back) {
  constexpr std::array<double, 5> rates{5, 15, 50, 150, 500};
  int rolled_back = 0, promoted = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    condition with;
    with.rate = rates[seed % rates.size()];
    with.errors = 0.02 * static_cast<double>(seed / 5 % 3);
    with.drift = 0.5 * static_cast<double>(seed / 15 % 3);
    const auto end = play(with, 1000 + seed, 20'000 / with.rate + 120);
    rolled_back += end.end == phase::rolled_back;
    promoted += end.end == phase::promoted;
  }
  BOOST_TEST_MESSAGE("seeds 1000 to 1999: " << rolled_back
                     << " rolled back, " << promoted << " promoted");
  BOOST_TEST(rolled_back <= 10);
  BOOST_TEST(promoted >= 900);
}

BOOST_AUTO_TEST_CASE(slow_and_failing_canaries_are_rolled_back) {
  int slow = 0, failing = 0;
  double slow_events = 0, failing_events = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    condition with;
    with.slower = 1.5;
    const auto end = play(with, 5000 + seed, 3600);
    slow += end.end == phase::rolled_back;
    slow_events += end.seconds * with.rate;
    with.slower = 1;
    with.failing = 0.15;
    const auto other = play(with, 6000 + seed, 3600);
    failing += other.end == phase::rolled_back;
    failing_events += other.seconds * with.rate;
  }
  BOOST_TEST_MESSAGE("seeds 5000 and 6000 on: mean events of all traffic until "
                     "the end: slow " << slow_events / 100 << ", failing "
                     << failing_events / 100);
  BOOST_TEST(slow >= 98);
  BOOST_TEST(failing >= 98);
}

BOOST_AUTO_TEST_CASE(too_little_traffic_means_wait) {
  condition with;
  with.rate = 0.2;
  for (uint64_t seed = 0; seed < 50; ++seed)
    BOOST_TEST((play(with, 7000 + seed, 600).end == phase::stepping));
}

BOOST_AUTO_TEST_SUITE_END()
