// C3 in a world like that of its paper's simulations.
#include "trained.hpp"
#include "worlds.hpp"

#include <cmath>

using namespace faas;
using namespace faas::routing;
using namespace faas::sim;

namespace {

constexpr size_t clients = 45;

/// Section 6 of the paper, scaled down: servers of 4 events at a time, 4 ms
/// each on the average, that become 3 times as fast or as slow as before each
/// interval by a coin; 0.25 ms to each; 70 % busy on the average. Seed 3.
scenario fluctuating(double interval_ms, double seconds) {
  constexpr size_t servers = 4, count = 9;
  auto world = servers_alike(count, servers, 4);
  random_source coin{3};
  for (auto& site : world.sites) {
    site.link.rtt_ms = 0.5;
    std::vector<schedule::step> steps;
    for (double at = 0; at < seconds * 1000; at += interval_ms)
      steps.push_back({at, coin.uniform() < 0.5 ? 1 : 1.0 / 3});
    site.disturbance = schedule{std::move(steps)};
  }
  load(world, 0.7 * count * servers * 1000 / 4 * (1 + 3) / 2, clients);
  world.length_ms = seconds * 1000;
  world.warm_up_ms = 200;
  return world;
}

const std::string compensated
  = "c3:clients=" + std::to_string(clients);

} // namespace

BOOST_AUTO_TEST_SUITE(replica_ranking_test)

  BOOST_AUTO_TEST_CASE(the_score_is_that_of_the_paper) {
    // R - S + q^3 S, q = 1 + in flight * clients + reported queue.
    auto seen = took(0, 30);
    seen.service_ms = 5;
    seen.queue_length = 2;
    const auto level = [](policy& rule, unsigned site, double ms) {
      auto one = took(site, ms);
      one.service_ms = 0; // R alone
      rule.ended(one);
    };
    const auto score = [&](const std::string& policy, double in_flight) {
      return expected_ms({policy, {seen}, 0, {}, in_flight, 1e6}, level);
    };
    BOOST_CHECK_CLOSE(score("c3", 0), 30 - 5 + 27 * 5, 1e-5);
    BOOST_CHECK_CLOSE(score("c3", 2), 30 - 5 + 125 * 5, 1e-5);
    BOOST_CHECK_CLOSE(score("c3:clients=10", 2), 25 + 23 * 23 * 23 * 5, 1e-5);
    BOOST_CHECK_CLOSE(score("c3:exponent=1", 2), 25 + 5 * 5, 1e-5);
  }

  BOOST_AUTO_TEST_CASE(a_slower_server_gets_the_shorter_queue_cubed) {
    // The paper's figure: of servers of 4 and 20 ms, the faster one is taken
    // until its queue is 5^(1/3) times the other's, not 5 times.
    random_source random{1};
    auto rule = std::move(*make_policy("c3"));
    rule->ended(took(0, 20));
    rule->ended(took(1, 4));
    const auto chosen = [&](double slow, double fast) {
      return rule->choose(in_flight({slow, fast}), {}, random, after(0)).chosen;
    };
    const double factor = std::cbrt(5.0);
    for (const double other : {10.0, 20.0, 40.0}) {
      const double even = factor * (1 + other) - 1;
      BOOST_TEST(chosen(other, even * 0.99) == 1);
      BOOST_TEST(chosen(other, even * 1.01) == 0);
    }
  }

  BOOST_AUTO_TEST_CASE(an_event_that_is_lost_makes_no_site_faster) {
    random_source random{1};
    auto rule = std::move(*make_policy("c3"));
    rule->ended(took(0, 30));
    rule->ended(took(1, 40));
    auto lost = took(0, 250);
    lost.service_ms = 0;
    lost.failed = true;
    rule->ended(lost);
    BOOST_TEST(rule->choose(in_flight({1, 1}), {}, random, after(0)).chosen
               == 1);
  }

  BOOST_AUTO_TEST_CASE(it_cuts_the_tail_where_servers_fluctuate) {
    const auto world = fluctuating(100, 1);
    const auto fewest = played(world, "jsq"),
               ranked = played(world, compensated);
    BOOST_TEST(ranked.p99_ms < fewest.p99_ms / 1.8);
    BOOST_TEST(ranked.mean_ms < fewest.mean_ms / 2);
    // Without compensation clients herd; without their own counts yet more.
    const auto alone = played(world, "c3:clients=1"),
               none = played(world, "c3:clients=0");
    BOOST_TEST(ranked.p99_ms < 0.9 * alone.p99_ms);
    BOOST_TEST(alone.p99_ms < 0.95 * none.p99_ms);
  }

BOOST_AUTO_TEST_SUITE_END()
