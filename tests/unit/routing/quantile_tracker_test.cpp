#include "libfaas/routing/quantile_tracker.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace faas;
using namespace faas::routing;

namespace {

/// Share kept when events of mean 100 take what `draw` says.
template <class Draw>
double kept(int events, double sd, Draw draw) {
  quantile_tracker tracker{0.95, 2};
  int good = 0;
  for (int i = 0; i < events; ++i) {
    const double took = draw(i);
    good += took <= 100 + tracker.sigmas() * sd;
    tracker.add((took - 100) / sd);
  }
  return double(good) / events;
}

} // namespace

BOOST_AUTO_TEST_SUITE(quantile_tracker_test)

  BOOST_AUTO_TEST_CASE(keeps_95_percent_of_any_law) {
    random_source random{7};
    const auto normal = [&](int) { return 100 + 10 * random.normal(); };
    const auto skew = [&](int) { return 60 - 40 * std::log(random.uniform()); };
    const auto heavy = [&](int) {
      return 90 + 10 / std::sqrt(1 - random.uniform()); // infinite variance
    };
    for (const double sd : {2.0, 10.0, 60.0}) { // the deviation may be wrong
      BOOST_TEST_CONTEXT("sd " << sd) {
        BOOST_TEST(std::abs(kept(20'000, sd, normal) - 0.95) < 0.01);
        BOOST_TEST(std::abs(kept(20'000, sd, skew) - 0.95) < 0.01);
        BOOST_TEST(std::abs(kept(20'000, sd, heavy) - 0.95) < 0.01);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(keeps_95_percent_while_the_law_changes) {
    random_source random{8};
    const auto drift = [&](int i) {
      const double mean = i / 500 % 2 == 0 ? 100 : 130; // a step each 500
      return mean + (10 + 8 * std::sin(i * 0.01)) * random.normal();
    };
    BOOST_TEST(std::abs(kept(20'000, 12, drift) - 0.95) < 0.01);
  }

  BOOST_AUTO_TEST_CASE(is_tight_when_errors_are_normal) {
    random_source random{9};
    quantile_tracker tracker{0.95, 2};
    double sum = 0;
    for (int i = 0; i < 20'000; ++i) {
      tracker.add(random.normal());
      sum += tracker.sigmas() / 20'000;
    }
    BOOST_TEST(sum > 1.5); // 1.645 is the quantile
    BOOST_TEST(sum < 1.95);
  }

  BOOST_AUTO_TEST_CASE(nonsense_teaches_nothing) {
    quantile_tracker tracker{0.95, 2};
    const double before = tracker.sigmas();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    tracker.add(nan);
    tracker.add(std::numeric_limits<double>::infinity());
    BOOST_TEST(tracker.sigmas() == before);
    for (int i = 0; i < 1000; ++i) // a hostile site: bounded
      tracker.add(1e18);
    BOOST_TEST(tracker.sigmas() <= 50);
  }

  BOOST_AUTO_TEST_CASE(other_shares_can_be_wanted) {
    random_source random{10};
    quantile_tracker tracker{0.5, 0};
    for (int i = 0; i < 5000; ++i)
      tracker.add(random.uniform());
    BOOST_TEST(std::abs(tracker.sigmas() - 0.5) < 0.15);
    BOOST_TEST(std::abs(tracker.kept() - 0.5) < 0.1);
  }

BOOST_AUTO_TEST_SUITE_END()
