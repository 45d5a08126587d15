// Choices by counts in the supermarket model.
#include "trained.hpp"
#include "worlds.hpp"

#include <cmath>

using namespace faas;
using namespace faas::sim;

namespace {

/// Events of 10 ms at 32 single servers, each busy for that share of the time.
scenario supermarket(double busy, double seconds) {
  auto world = servers_alike(32, 1, 10);
  load(world, 32 * 100 * busy);
  world.length_ms = seconds * 1000;
  world.warm_up_ms = 1000;
  return world;
}

/// Mean time in the system over the service time: infinitely many servers, the
/// best of two (Mitzenmacher 2001, corollary 1): sum of busy^(2^i - 2).
double of_two(double busy) {
  double sum = 0;
  for (int i = 1; i < 12; ++i)
    sum += std::pow(busy, std::exp2(i) - 2);
  return sum;
}

/// The same for M/M/c by Erlang's C: no choice of queues can do better.
double shared_queue(int c, double busy) {
  double b = 1; // Erlang's B
  for (int i = 1; i <= c; ++i)
    b = busy * c * b / (i + busy * c * b);
  return 1 + b / (1 - busy * (1 - b)) / (c * (1 - busy));
}

} // namespace

BOOST_AUTO_TEST_SUITE(counting_test)

  BOOST_AUTO_TEST_CASE(two_choices_are_as_mitzenmacher_found) {
    const auto world = supermarket(0.8, 7);
    BOOST_CHECK_CLOSE(played(world, "random").mean_ms, 10 / (1 - 0.8), 12);
    BOOST_CHECK_CLOSE(played(world, "p2c").mean_ms, 10 * of_two(0.8), 5);
  }

  BOOST_AUTO_TEST_CASE(two_choices_gain_exponentially_as_load_rises) {
    // One choice: 10 times the service time at 0.9; two: 2.6 times.
    const auto world = supermarket(0.9, 7);
    const auto two = played(world, "p2c"), all = played(world, "jsq");
    BOOST_CHECK_CLOSE(two.mean_ms, 10 * of_two(0.9), 6);
    BOOST_TEST(two.mean_ms < 0.3 * 10 / (1 - 0.9));
    // All choices: better still, not better than one queue for all.
    BOOST_TEST(all.mean_ms < 0.8 * two.mean_ms);
    BOOST_TEST(all.mean_ms > 10 * shared_queue(32, 0.9) * 0.99);
  }

  BOOST_AUTO_TEST_CASE(the_shortest_queue_nears_a_shared_one_under_load) {
    // Foschini and Salz 1978: in heavy traffic all servers work as one.
    auto world = servers_alike(4, 1, 10);
    load(world, 4 * 100 * 0.9);
    world.length_ms = 50'000;
    world.warm_up_ms = 2000;
    const double shared = 10 * shared_queue(4, 0.9);
    const auto seen = played(world, "jsq");
    auto one_queue = world;
    one_queue.sites.resize(1);
    one_queue.sites[0].servers = 4;
    const auto pooled = played(one_queue, "jsq");
    BOOST_TEST_MESSAGE("M/M/4: " << shared);
    BOOST_CHECK_CLOSE(pooled.mean_ms, shared, 20);
    // The same events: paired, so much closer than to the formula.
    BOOST_TEST(seen.mean_ms > pooled.mean_ms);
    BOOST_TEST(seen.mean_ms < 1.25 * pooled.mean_ms);
    BOOST_TEST(played(world, "p2c").mean_ms > seen.mean_ms);
  }

  BOOST_AUTO_TEST_CASE(load_is_by_server) {
    random_source random{1};
    auto made = routing::in_flight({4, 2});
    made.parts[0].servers = 3;
    for (const auto& policy : {"p2c", "jsq"}) {
      auto rule = std::move(*routing::make_policy(policy));
      for (int i = 0; i < 20; ++i)
        BOOST_TEST(rule->choose(made, {}, random, time_point{}).chosen == 0);
    }
  }

BOOST_AUTO_TEST_SUITE_END()
