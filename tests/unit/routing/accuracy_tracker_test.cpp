// What is published of how good predictions are.
#include "libfaas/routing/accuracy_tracker.hpp"
#include "libfaas/routing/plausible.hpp"
#include "tests/unit/routing/predictor_world.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

constexpr double endless = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Inside of a log-normal law's 90 % interval with that mean and deviation.
bool inside_log_normal(double mean, double sd, double ms) {
  const double share = sd / mean;
  const double log_var = std::log1p(share * share);
  return std::abs(std::log(ms / mean) + log_var / 2)
         <= 1.645 * std::sqrt(log_var);
}

/// Mean of what the predictor publishes, and the share by the other law.
struct shares {
  double published = 0, log_normal = 0;
};

/// Of events at the edge, when the first have been learned from; `draw` says
/// what they take.
template <class Draw>
shares covered(Draw draw, double reach_factor = 1) {
  constexpr int first = 500, events = 2500;
  predictor_world w;
  shares all;
  for (int i = 0; i < first + events; ++i) {
    const auto expected = w.expect(w.classify, w.edge);
    auto seen = w.make(w.edge, 1);
    seen.service_ms = draw(w.random);
    seen.total_ms = seen.service_ms + 0.05;
    seen.predicted_ms = expected.total;
    seen.predicted_sd = std::sqrt(expected.variance);
    seen.predicted_reach = reach_factor * told_reach_ms(expected);
    BOOST_REQUIRE(w.predictor.observe(seen));
    w.predictor.publish(w.now);
    if (i < first)
      continue;
    all.published
      += w.predictor.accuracy_of(w.classify, w.edge).total_coverage / events;
    all.log_normal += inside_log_normal(seen.predicted_ms, seen.predicted_sd,
                                        seen.total_ms)
                        ? 1.0 / events
                        : 0;
  }
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(accuracy_tracker_test)

  BOOST_AUTO_TEST_CASE(what_is_no_farther_than_its_reach_is_inside) {
    for (const auto& [reach, ms, inside] :
         {std::tuple{5.0, 105.0, 1.0}, {5.0, 95.0, 1.0}, {4.9, 105.0, 0.0},
          {4.9, 95.0, 0.0}, {0.0, 100.0, 1.0}, {0.0, 101.0, 0.0},
          {endless, 900.0, 1.0}}) {
      accuracy_tracker tracker;
      tracker.total(100, reach, ms);
      BOOST_TEST(tracker.values().total_coverage == inside,
                 reach << " ms around 100 ms, " << ms << " ms");
    }
  }

  BOOST_AUTO_TEST_CASE(coverage_is_the_share_that_is_inside) {
    accuracy_tracker tracker;
    for (int i = 0; i < 20; ++i)
      tracker.total(100, i % 4 == 0 ? 1 : 10, 105);
    BOOST_TEST(tracker.values().total_coverage == 0.75,
               boost::test_tools::tolerance(1e-9));
    BOOST_TEST(tracker.values().total_error == 5.0 / 105,
               boost::test_tools::tolerance(1e-9));
  }

  BOOST_AUTO_TEST_CASE(a_reach_that_is_not_known_says_nothing) {
    accuracy_tracker tracker;
    tracker.total(100, 10, 105);
    for (const double reach : {-1.0, -endless, not_a_number}) {
      tracker.total(100, reach, 200);
      BOOST_TEST(tracker.values().total_coverage == 1);
    }
    BOOST_TEST(tracker.values().total_error > 0.3); // that is known
    for (const double absurd : {0.0, -1.0, endless, not_a_number}) {
      tracker.total(absurd, 10, 105);
      tracker.total(100, 10, absurd);
    }
    BOOST_TEST(tracker.values().total_coverage == 1);
    BOOST_TEST(std::isfinite(tracker.values().total_error));
  }

  BOOST_AUTO_TEST_CASE(a_reach_that_is_told_is_a_time) {
    prediction p{};
    const auto told = [&](double sigmas, double variance) {
      p.interval_sigmas = sigmas;
      p.variance = variance;
      return told_reach_ms(p);
    };
    BOOST_TEST(told(2, 25) == 10);
    BOOST_TEST(told(-0.5, 25) == 0); // what was learned may swing below zero
    BOOST_TEST(told(2, 1e30) == max_ms);
    BOOST_TEST(told(2, endless) == max_ms);
    BOOST_TEST(told(not_a_number, 25) == -1);
    BOOST_TEST(told(2, -1) == -1);
    BOOST_TEST(told(0, endless) == -1);
    BOOST_TEST(observation{}.predicted_reach < 0);
  }

  /// One event in six takes six times as long: no normal or log-normal law with
  /// the same moments has such tails.
  BOOST_AUTO_TEST_CASE(nine_of_ten_are_inside_whatever_the_law) {
    const auto two_humps = [](random_source& random) {
      const bool slow = random.uniform() < 1.0 / 6;
      return (slow ? 60 : 10) * std::exp(0.05 * random.normal());
    };
    const auto found = covered(two_humps);
    BOOST_TEST_MESSAGE("published " << found.published << ", log-normal "
                                    << found.log_normal);
    BOOST_TEST(std::abs(found.published - 0.9) < 0.02);
    BOOST_TEST(std::abs(found.log_normal - 0.9) > 0.05);
  }

  BOOST_AUTO_TEST_CASE(what_is_counted_is_what_was_told) {
    const auto usual = [](random_source& random) {
      return 20 * std::exp(0.1 * random.normal());
    };
    BOOST_TEST(std::abs(covered(usual).published - 0.9) < 0.02);
    // Narrower than what was learned: fewer are inside, and that is seen.
    BOOST_TEST(covered(usual, 0.5).published < 0.75);
  }

BOOST_AUTO_TEST_SUITE_END()
