// A world without queues: three sites, latencies that depend on the event's
// size and on the site, predictions that are off by a fixed factor per site.
#include "libfaas/decisions/replay.hpp"
#include "tests/unit/decisions/builders.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace faas;
using namespace faas::decisions;

namespace {

constexpr double speed[] = {1.0, 0.6, 0.3}; ///< ms per unit of size
constexpr double way[] = {0, 4, 12};        ///< ms

struct world {
  explicit world(uint64_t seed, double skew = 1) : random(seed), skew(skew) {}

  double mean(size_t site, double size) const {
    return way[site] + speed[site] * size;
  }

  /// A decision by `rule`, and what it took.
  record event(routing::policy& rule) {
    record made;
    made.of = of;
    made.id = call_id::make(random);
    made.at_us = at_us += 10'000;
    made.size = 1 + 30 * random.uniform();
    routing::decision decided;
    decided.count = 3;
    decided.healthy = 7;
    for (uint8_t i = 0; i < 3; ++i) {
      auto& p = decided.parts[i];
      p = {};
      p.network = way[i];
      p.service = speed[i] * made.size * (i == 1 ? skew : 1);
      p.total = p.network + p.service;
      p.variance = 4;
      p.epistemic = 1;
      decided.sites[i] = routing::site_index{i};
    }
    const auto pick = rule.choose(decided, {}, random, {});
    made.chosen = pick.chosen;
    made.propensity = pick.propensity;
    made.why = pick.why;
    made.sites.resize(3);
    note_sites(decided, made.sites);
    made.total_ms = static_cast<float>(mean(pick.chosen, made.size)
                                       * (0.8 + 0.4 * random.uniform()));
    return made;
  }

  random_source random;
  double skew;
  int64_t at_us = 0;
  context_ptr of = test::three_sites();
};

/// Mean latency when that policy really decides.
double truth(const std::string& policy, double skew = 1) {
  const auto site = routing::site_index{1};
  auto rule = policy == "static" ? routing::make_policy("static", site)
                                 : routing::make_policy(policy);
  world w{99, skew};
  double sum = 0;
  constexpr int events = 200'000;
  for (int i = 0; i < events; ++i)
    sum += w.event(**rule).total_ms;
  return sum / events;
}

off_policy_result replayed(const std::string& policy, uint64_t seed,
                           double skew = 1, int events = 3000) {
  auto replay = policy_replay::make(policy, seed);
  BOOST_REQUIRE(replay);
  auto logged = routing::make_policy("random");
  world w{seed, skew};
  for (int i = 0; i < events; ++i)
    replay->add(w.event(**logged));
  return evaluate(replay->choices());
}

} // namespace

BOOST_AUTO_TEST_SUITE(replay_test)

BOOST_AUTO_TEST_CASE(a_random_log_tells_what_other_policies_take) {
  const std::pair<std::string, std::string> policies[]{
    {"min-latency", "min-latency"},
    {"static:edge-2/cpu", "static"},
    {"round-robin", "round-robin"}};
  for (const auto& [policy, simulated] : policies)
    for (const double skew : {1.0, 2.0}) { // a right and a wrong model
      const double true_mean = truth(simulated, skew);
      double sum = 0;
      int covered = 0;
      constexpr int seeds = 40;
      for (uint64_t seed = 0; seed < seeds; ++seed) {
        const auto got = replayed(policy, seed, skew).doubly_robust;
        sum += got.mean;
        covered += got.low <= true_mean && true_mean <= got.high;
      }
      BOOST_TEST_MESSAGE(policy << ", model x" << skew << ": "
                                << sum / seeds << " (truth " << true_mean
                                << "), covered " << covered << " of 40");
      BOOST_TEST(std::abs(sum / seeds - true_mean) < 0.02 * true_mean);
      BOOST_TEST(covered >= 34);
    }
}

BOOST_AUTO_TEST_CASE(the_logged_policy_replayed_is_the_log) {
  const auto got = replayed("random", 3);
  BOOST_TEST(got.overlap > 0.9);
  BOOST_TEST(got.change.low <= 0);
  BOOST_TEST(got.change.high >= 0);
}

BOOST_AUTO_TEST_CASE(the_default_policy_replayed_is_its_own_log) {
  auto replay = policy_replay::make("min-latency", 7);
  BOOST_REQUIRE(replay);
  auto logged = routing::make_policy("min-latency");
  world w{5};
  for (int i = 0; i < 5000; ++i)
    replay->add(w.event(**logged));
  const auto got = evaluate(replay->choices());
  BOOST_TEST_MESSAGE("overlap " << got.overlap << ", change "
                                << got.change.low << " to "
                                << got.change.high);
  BOOST_TEST(std::abs(got.overlap - 1) < 0.05);
  BOOST_TEST(got.change.low <= 0.05); // its lots fell otherwise
  BOOST_TEST(got.change.high >= -0.05);
}

BOOST_AUTO_TEST_CASE(a_log_without_lots_says_so) {
  auto replay = policy_replay::make("static:cloud-1/cpu");
  BOOST_REQUIRE(replay);
  auto logged = routing::make_policy("static", routing::site_index{0});
  world w{1};
  for (int i = 0; i < 100; ++i)
    replay->add(w.event(**logged));
  const auto got = evaluate(replay->choices());
  BOOST_TEST(got.overlap == 0);
  BOOST_TEST(std::isnan(got.inverse.mean));
  BOOST_TEST(std::abs(got.doubly_robust.mean - got.direct.mean) < 1e-9);
}

BOOST_AUTO_TEST_CASE(events_that_did_not_run_are_counted_only) {
  auto replay = policy_replay::make("min-latency");
  auto logged = routing::make_policy("random");
  world w{1};
  auto one = w.event(**logged);
  one.how = ending::lost;
  replay->add(one);
  one.how = ending::refused;
  replay->add(one);
  one.how = ending::timed_out;
  replay->add(one);
  one.chosen = routing::decision::none;
  replay->add(one);
  BOOST_TEST(replay->choices().size() == 1u);
  BOOST_TEST(replay->not_run() == 3u);
  BOOST_TEST(replay->timed_out() == 1u);
}

BOOST_AUTO_TEST_CASE(a_static_site_that_is_not_there_refuses) {
  auto replay = policy_replay::make("static:moon/cpu");
  BOOST_REQUIRE(replay);
  auto logged = routing::make_policy("random");
  world w{1};
  replay->add(w.event(**logged));
  BOOST_TEST(replay->choices().empty());
  BOOST_TEST(replay->refused() == 1u);
}

BOOST_AUTO_TEST_CASE(unknown_policies_are_refused) {
  for (const auto* name : {"", "fastest", "static", "static:"}) {
    const auto made = policy_replay::make(name);
    BOOST_REQUIRE(!made);
    BOOST_TEST((made.error().code == errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_SUITE_END()
