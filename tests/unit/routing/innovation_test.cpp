#include "libfaas/routing/innovation.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas::routing;

BOOST_AUTO_TEST_SUITE(innovation_test)

  BOOST_AUTO_TEST_CASE(false_alarms_are_rarer_than_one_in_ten_thousand) {
    constexpr int events = 400'000;
    faas::random_source random{1};
    change_detector detector;
    for (int i = 0; i < events; ++i)
      detector.add(random.normal());
    BOOST_TEST_MESSAGE("alarms in " << events << ": " << detector.alarms());
    BOOST_TEST(detector.alarms() <= events / 10'000);
  }

  BOOST_AUTO_TEST_CASE(lone_late_outliers_are_no_step) {
    // 1 % of outliers of any size: two in a row come once in 10^4 events, and
    // are then taken for a step.
    constexpr int events = 100'000;
    faas::random_source random{2};
    change_detector detector;
    for (int i = 0; i < events; ++i)
      detector.add(random.uniform() < 0.01 ? 20 : random.normal());
    BOOST_TEST_MESSAGE("alarms in " << events << ": " << detector.alarms());
    BOOST_TEST(detector.alarms() <= events / 1'000);
    BOOST_TEST(detector.alarms() > 0u); // the bound is not empty
  }

  BOOST_AUTO_TEST_CASE(a_large_step_up_is_seen_at_the_second_event) {
    change_detector detector;
    BOOST_TEST(!detector.add(9));
    BOOST_TEST(detector.add(9));
    BOOST_TEST(detector.alarms() == 1u);
  }

  BOOST_AUTO_TEST_CASE(a_large_step_down_is_seen_at_the_first) {
    change_detector detector;
    BOOST_TEST(detector.add(-7));
    BOOST_TEST(!detector.add(-5));
    BOOST_TEST(detector.add(-5));
  }

  BOOST_AUTO_TEST_CASE(a_drift_of_two_sigma_is_seen_within_ten_events) {
    int total = 0;
    for (uint64_t seed = 1; seed <= 50; ++seed) {
      faas::random_source random{seed};
      change_detector detector;
      int count = 1;
      while (!detector.add(2 + random.normal()))
        ++count;
      total += count;
    }
    BOOST_TEST_MESSAGE("mean delay " << total / 50.0);
    BOOST_TEST(total / 50.0 < 10);
  }

  BOOST_AUTO_TEST_CASE(overdue_events_count_once) {
    change_detector detector;
    BOOST_TEST(!detector.add_censored(3));
    BOOST_TEST(!detector.add_censored(3)); // the same lateness, said again
    BOOST_TEST(!detector.add(3.75));       // that event returns: known already
    BOOST_TEST(detector.add(4));           // another one
  }

  BOOST_AUTO_TEST_CASE(enough_overdue_events_are_a_step_before_any_returns) {
    change_detector detector;
    BOOST_TEST(!detector.add_censored(3.25));
    BOOST_TEST(detector.add_censored(6.5));
  }

  BOOST_AUTO_TEST_CASE(huber_bounds_the_influence_of_an_outlier) {
    BOOST_TEST(huber_variance(2, 1, 2.5) == 1);
    BOOST_TEST(huber_variance(-2, 1, 2.5) == 1);
    BOOST_TEST(huber_variance(10, 1, 2.5) == 4);
    // gain * innovation stays what it was at the bound
    BOOST_TEST(1000 / huber_variance(1000, 1, 2.5) == 2.5);
  }

  BOOST_AUTO_TEST_CASE(
    nis_is_one_for_the_right_variance_and_four_for_half_of_it) {
    faas::random_source random{3};
    nis_monitor right, wrong;
    double sum = 0, wrong_sum = 0;
    for (int i = 0; i < 2000; ++i) {
      const double nu = random.normal();
      right.add(nu, 1);
      wrong.add(nu, 0.25);
      sum += right.mean();
      wrong_sum += wrong.mean();
    }
    BOOST_TEST(sum / 2000 > 0.8);
    BOOST_TEST(sum / 2000 < 1.2);
    BOOST_TEST(wrong_sum / 2000 > 3);
  }

  BOOST_AUTO_TEST_SUITE_END()
