// Second starts in runs: what they gain, what they cost, that nothing is lost.
#include "libfaas/routing/hedging.hpp"
#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/sim/event_stream.hpp"
#include "libfaas/sim/figures.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

using namespace faas;
using namespace faas::sim;

namespace {

/// Sites that are alike; one event in fifty takes ten times as long.
scenario alike(size_t sites = 3) {
  scenario made;
  for (size_t i = 0; i < sites; ++i) {
    site_law one;
    one.name = "site-" + std::to_string(i);
    one.tier = "edge";
    one.servers = 4;
    one.link.rtt_ms = 2;
    one.link.jitter_ms = 0.5;
    made.sites.push_back(one);
  }
  function_law function;
  function.ms_fixed = 10;
  function.outlier_share = 0.02;
  function.outlier_factor = 10;
  made.functions = {function};
  made.events = {{0, 0, traffic::any, [] { return poisson(60); }}};
  made.length_ms = 120'000;
  made.warm_up_ms = 10'000;
  return made;
}

std::vector<record> by(const scenario& world, const std::string& policy) {
  run_options how;
  how.policy = [policy](const auto& sites) {
    return std::move(*routing::make_policy(policy, sites[0]));
  };
  return run(world, how);
}

std::vector<double> sent(const std::vector<record>& all) {
  std::vector<double> times;
  for (const auto& one : all)
    times.push_back(one.sent);
  std::sort(times.begin(), times.end());
  return times;
}

size_t twice(const std::vector<record>& all) {
  return static_cast<size_t>(
    std::count_if(all.begin(), all.end(),
                  [](const record& one) { return one.twice; }));
}

constexpr auto plain = "min-latency", hedged = "min-latency:hedge=0.1,price=0.2";

} // namespace

BOOST_AUTO_TEST_SUITE(hedging_test)

BOOST_AUTO_TEST_CASE(second_starts_cut_the_tail_for_a_small_price) {
  const auto world = alike();
  const auto without = summarise(by(world, plain), 3),
             with = summarise(by(world, hedged), 3);
  BOOST_TEST_MESSAGE("p99 " << without.p99_ms << ", hedged " << with.p99_ms
                     << "; twice " << with.twice << ", wasted " << with.wasted);
  BOOST_TEST(without.p99_ms > 80);
  BOOST_TEST(with.p99_ms < without.p99_ms / 2);
  BOOST_TEST(with.mean_ms < without.mean_ms);
  BOOST_TEST(without.twice == 0);
  BOOST_TEST(without.wasted == 0);
  BOOST_TEST(with.twice > 0.015); // of the fiftieth that strays
  BOOST_TEST(with.twice < 0.1);
  // What is beaten is nearly all of the strays' ten times as long work.
  BOOST_TEST(with.wasted > 0.1);
  BOOST_TEST(with.wasted < 0.3);
}

BOOST_AUTO_TEST_CASE(each_event_is_answered_once) {
  auto world = alike();
  world.warm_up_ms = 0;
  BOOST_TEST((sent(by(world, hedged)) == sent(by(world, "round-robin"))));
}

BOOST_AUTO_TEST_CASE(second_starts_are_a_share_of_the_events) {
  auto world = alike();
  world.warm_up_ms = 0;
  for (const double share : {0.005, 0.01}) {
    const auto all = by(world, "min-latency:price=0.001,hedge="
                                 + std::to_string(share));
    const auto most = share * static_cast<double>(all.size())
                      + routing::hedge_bounds{}.burst;
    BOOST_TEST(static_cast<double>(twice(all)) <= most);
    BOOST_TEST(static_cast<double>(twice(all)) > most / 2);
  }
}

BOOST_AUTO_TEST_CASE(a_lone_site_has_none) {
  BOOST_TEST(twice(by(alike(1), hedged)) == 0u);
}

BOOST_AUTO_TEST_CASE(what_a_crashed_site_had_is_answered_by_another) {
  auto world = alike();
  world.warm_up_ms = 0;
  world.suspect_ms = 1000; // noticed late
  for (size_t i = 1; i < 20; ++i) {
    const auto begin = static_cast<double>(i) * 5000;
    world.sites[i % 3].absent.push_back({begin, begin + 2000});
  }
  const auto without = by(world, plain);
  const auto with = by(world, "min-latency:hedge=1,price=0.2");
  BOOST_TEST((sent(with) == sent(without)));
  const auto slow = [](const std::vector<record>& all) {
    return std::count_if(all.begin(), all.end(), [](const record& one) {
      return one.latency_ms > 500;
    });
  };
  BOOST_TEST_MESSAGE("over 500 ms: " << slow(without) << ", hedged "
                                     << slow(with));
  BOOST_TEST(slow(without) > 10);
  BOOST_TEST(slow(with) < slow(without) / 2);
}

BOOST_AUTO_TEST_CASE(runs_depend_on_their_seed_alone) {
  const auto one = by(alike(), hedged), two = by(alike(), hedged);
  BOOST_REQUIRE(one.size() == two.size());
  for (size_t i = 0; i < one.size(); ++i)
    BOOST_REQUIRE(one[i].latency_ms == two[i].latency_ms);
}

BOOST_AUTO_TEST_CASE(what_is_the_events_own_stays) {
  const auto world = alike();
  random_source random{7};
  draw first;
  first.noise = 1.2 * 10;
  first.own_noise = 1.2;
  first.work = 120;
  first.up_jitter = 0.25;
  int outliers = 0;
  constexpr int tries = 20'000;
  for (int i = 0; i < tries; ++i) {
    const auto again = second_start(first, world.functions[0], random);
    BOOST_REQUIRE(again.own_noise == 1.2);
    const bool outlier = std::abs(again.work - 120) < 1e-9;
    outliers += outlier;
    if (!outlier)
      BOOST_REQUIRE(std::abs(again.work - 12) < 1e-9);
    BOOST_REQUIRE(again.up_jitter != first.up_jitter);
  }
  BOOST_CHECK_CLOSE(outliers / double{tries}, 0.02, 20);
  const site_draw known[3]{};
  first.by_site = known;
  BOOST_TEST(second_start(first, world.functions[0], random).up_jitter == 0.25);
}

BOOST_AUTO_TEST_SUITE_END()
