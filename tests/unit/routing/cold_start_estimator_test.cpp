#include "libfaas/routing/cold_start_estimator.hpp"
#include "libfaas/routing/fading.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::routing;

BOOST_AUTO_TEST_SUITE(cold_start_estimator_test)

  BOOST_AUTO_TEST_CASE(converges_to_the_mean_of_a_log_normal) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        random_source random{seed};
        cold_start_estimator cold;
        for (int i = 0; i < 40; ++i)
          cold.observe(900 * std::exp(0.3 * random.normal()));
        BOOST_TEST(std::abs(cold.mean_ms() / 940 - 1) < 0.35);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(two_cold_starts_outweigh_the_prior) {
    cold_start_estimator cold{100};
    cold.observe(3000);
    cold.observe(3000);
    BOOST_TEST(cold.mean_ms() > 2000);
  }

  /// Log-normal deployments of which one in twenty is stuck.
  BOOST_AUTO_TEST_CASE(what_varies_much_is_averaged_over_many) {
    double off = 0;
    for (uint64_t seed = 1; seed <= 50; ++seed) {
      random_source random{seed};
      cold_start_estimator cold;
      for (int i = 0; i < 60; ++i)
        cold.observe(600 * std::exp(0.5 * random.normal())
                     * (random.uniform() < 0.05 ? 15 : 1));
      off += std::abs(cold.log_mean() - std::log(600)) / 50;
    }
    BOOST_TEST(off < 0.13);
  }

  BOOST_AUTO_TEST_CASE(a_step_is_believed_after_a_few) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        random_source random{seed};
        cold_start_estimator cold;
        for (int i = 0; i < 60; ++i)
          cold.observe(600 * std::exp(0.3 * random.normal()));
        for (int i = 0; i < 5; ++i)
          cold.observe(2400 * std::exp(0.3 * random.normal()));
        BOOST_TEST(cold.mean_ms() > 1700);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(one_that_was_stuck_after_late_ones_is_no_step) {
    cold_start_estimator cold;
    for (int i = 0; i < 60; ++i) // it scatters little
      cold.observe(25 + i % 3);
    for (const double ms : {30, 33, 80})
      cold.observe(ms);
    BOOST_TEST(cold.mean_ms() < 40);
    cold.observe(82); // nor is the second one doubted
    BOOST_TEST(cold.mean_ms() > 60);
  }

  BOOST_AUTO_TEST_CASE(a_slow_spell_is_forgotten_while_events_go_elsewhere) {
    cold_start_estimator cold;
    for (int i = 0; i < 60; ++i)
      cold.observe(25 + i % 3);
    BOOST_TEST(!cold.slow());
    for (int i = 0; i < 4; ++i)
      cold.observe(100 + i);
    BOOST_TEST(cold.mean_ms() > 80);
    BOOST_TEST(cold.slow());
    int events = 0;
    for (; cold.slow() && events < 1000; ++events)
      cold.passed_over();
    BOOST_TEST(events > 10); // not at once
    BOOST_TEST(events < 100);
    BOOST_TEST(cold.mean_ms() < 50);
    cold.observe(100); // it was no spell: known with the next one
    BOOST_TEST(cold.mean_ms() > 70);
  }

  BOOST_AUTO_TEST_CASE(what_is_usual_is_not_what_came_first) {
    cold_start_estimator cold;
    cold.observe(1); // a trial run, before anything had to be fetched
    for (int i = 0; i < 12; ++i) {
      cold.observe(400 + i % 3);
      BOOST_TEST(!cold.slow());
    }
    BOOST_TEST(cold.mean_ms() > 350);
  }

  BOOST_AUTO_TEST_CASE(nonsense_is_refused) {
    cold_start_estimator cold;
    const double before = cold.mean_ms();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const double ms : {nan, -1.0, 0.0, 1e9})
      BOOST_TEST(!cold.observe(ms));
    BOOST_TEST(!cold.restore(nan, 1));
    BOOST_TEST(!cold.restore(1, -1));
    BOOST_TEST(!cold.restore(100, 1));
    BOOST_TEST(cold.mean_ms() == before);
  }

  BOOST_AUTO_TEST_CASE(the_rate_is_that_of_the_arrivals) {
    random_source random{1};
    rate_estimator rate;
    time_point now{};
    for (int i = 0; i < 2000; ++i) {
      now += from_ms(-std::log(1 - random.uniform()) * 200);
      rate.arrive(now);
    }
    BOOST_TEST(rate.per_second(now) > 3.5);
    BOOST_TEST(rate.per_second(now) < 6.5);
    BOOST_TEST(rate.per_second(now + std::chrono::minutes{5}) < 0.01);
    BOOST_TEST(rate_estimator{}.per_second(now) == 0);
  }

  BOOST_AUTO_TEST_CASE(
    a_busy_function_shares_the_cold_start_a_rare_one_bears_it) {
    BOOST_TEST(cold_charge_ms(900, 40, 15'000) < 1.5);
    BOOST_TEST(cold_charge_ms(900, 0.001, 15'000) > 880);
    BOOST_TEST(cold_charge_ms(900, 0, 15'000) == 900);
  }

  BOOST_AUTO_TEST_CASE(the_stay_lies_between_warm_and_cold_gaps) {
    stay_tracker stay{300'000};
    stay.observe(20'000, false); // it had left within 20 s
    BOOST_TEST(stay.ms() < 20'000);
    stay.observe(5'000, true);
    BOOST_TEST(stay.ms() > 5'000);
    BOOST_TEST(stay.ms() < 20'000);
    stay.observe(8'000, false);
    BOOST_TEST(stay.ms() < 8'000);
    stay.observe(12'000, true); // longer by now
    BOOST_TEST(stay.ms() > 12'000);
    BOOST_TEST(stay.ms() < 20'000);
  }

  BOOST_AUTO_TEST_CASE(gaps_that_are_none_tell_nothing_of_the_stay) {
    stay_tracker stay{1000};
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const double gap : {nan, -5.0, 0.0})
      for (const bool loaded : {true, false})
        stay.observe(gap, loaded);
    BOOST_TEST(stay.ms() == 1000);
    BOOST_TEST(stay_tracker{nan}.ms() > 0);
  }

    BOOST_AUTO_TEST_CASE(short_times_fade_as_long_ones) {
    for (double x = 0; x < 3; x += 0.003) {
      BOOST_TEST(std::abs(left_after(x) - std::exp(-x)) < 1e-7);
      BOOST_TEST(std::abs(gone_after(x) + std::expm1(-x)) <= 1e-6 * x);
    }
  }

BOOST_AUTO_TEST_SUITE_END()
