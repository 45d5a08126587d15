#include "libfaas/routing/delivery_rates.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas::routing;

namespace {

constexpr double mib = 1024 * 1024;

} // namespace

BOOST_AUTO_TEST_SUITE(delivery_rates_test)

  BOOST_AUTO_TEST_CASE(a_node_is_known_by_what_came_to_it) {
    delivery_rates rates;
    for (int i = 0; i < 4; ++i)
      BOOST_TEST(rates.ended("edge-1", "edge", 10 * mib, 8000));
    const auto left = rates.left("edge-1", "edge", {0, 5 * mib, 0});
    BOOST_TEST(left.ms > 3200);
    BOOST_TEST(left.ms < 5000);
    BOOST_TEST(left.variance > 0);
  }

  BOOST_AUTO_TEST_CASE(a_new_node_is_taken_to_be_like_those_of_its_tier) {
    delivery_rates rates;
    for (int i = 0; i < 8; ++i) {
      rates.ended("edge-1", "edge", mib, 900);
      rates.ended("cloud-1", "cloud", mib, 5);
    }
    const delivery fresh{0, mib, 0};
    const auto edge = rates.left("edge-2", "edge", fresh);
    const auto cloud = rates.left("cloud-2", "cloud", fresh);
    BOOST_TEST(edge.ms > 600);
    BOOST_TEST(edge.ms < 1500);
    BOOST_TEST(cloud.ms < 20);
    // Less sure than of the node that was seen.
    const auto seen = rates.left("edge-1", "edge", fresh);
    BOOST_TEST(edge.variance / (edge.ms * edge.ms)
               > seen.variance / (seen.ms * seen.ms));
  }

  BOOST_AUTO_TEST_CASE(what_gets_nowhere_takes_longer_and_longer) {
    delivery_rates rates;
    for (int i = 0; i < 8; ++i)
      rates.ended("edge-1", "edge", mib, 10);
    double last = 0;
    for (double elapsed = 100; elapsed <= 10'000; elapsed += 100) {
      // A quarter came, and nothing more.
      const auto left
        = rates.left("edge-1", "edge", {mib, 3 * mib, elapsed});
      BOOST_TEST(left.ms >= 3 * elapsed * 0.999);
      BOOST_TEST(left.ms > last);
      last = left.ms;
    }
    // Not one byte.
    BOOST_TEST(rates.left("edge-1", "edge", {0, mib, 2000}).ms > 32 * 1900);
  }

  BOOST_AUTO_TEST_CASE(progress_outweighs_a_belief_that_was_too_slow) {
    delivery_rates rates;
    for (int i = 0; i < 8; ++i)
      rates.ended("edge-1", "edge", mib, 1000);
    // 100 ms per MiB so far.
    const auto first = rates.left("edge-1", "edge", {mib, 9 * mib, 100});
    const auto last = rates.left("edge-1", "edge", {9 * mib, mib, 900});
    BOOST_TEST(first.ms > 9 * 500);
    BOOST_TEST(last.ms < 150);
    BOOST_TEST(last.ms >= 99);
    BOOST_TEST(last.variance / (last.ms * last.ms)
               < first.variance / (first.ms * first.ms));
  }

  BOOST_AUTO_TEST_CASE(nothing_left_takes_no_time) {
    const delivery_rates rates;
    const auto left = rates.left("n", "t", {mib, 0, 500});
    BOOST_TEST(left.ms == 0);
    BOOST_TEST(left.variance == 0);
  }

  BOOST_AUTO_TEST_CASE(what_tells_no_rate_is_not_learned) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN(),
                     inf = std::numeric_limits<double>::infinity();
    delivery_rates rates;
    for (const auto& [bytes, ms] : {std::pair{1000.0, 50.0}, {0.0, 1.0},
                                   {-mib, 1.0}, {mib, 0.0}, {mib, -1.0},
                                   {nan, 1.0}, {mib, nan}, {inf, 1.0},
                                   {mib, inf}})
      BOOST_TEST(!rates.ended("n", "t", bytes, ms));
    BOOST_TEST(rates.nodes() == 0u);
    for (const auto& odd : {delivery{nan, mib, 5}, delivery{-1, mib, nan},
                            delivery{inf, mib, inf}, delivery{1, 1e15, 1e15}}) {
      const auto left = rates.left("n", "t", odd);
      BOOST_TEST(std::isfinite(left.ms));
      BOOST_TEST(left.ms > 0);
      BOOST_TEST(left.ms <= 1e7);
      BOOST_TEST(std::isfinite(left.variance));
    }
  }

  BOOST_AUTO_TEST_CASE(it_knows_a_bounded_number_of_nodes) {
    delivery_rates rates;
    for (int i = 0; i < 2000; ++i)
      rates.ended("n" + std::to_string(i), "t", mib, 100);
    BOOST_TEST(rates.nodes() == 1024u);
  }

BOOST_AUTO_TEST_SUITE_END()
