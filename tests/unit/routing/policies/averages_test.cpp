// One latency per site: each against its closed form.
#include "trained.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace faas;
using namespace faas::routing;

namespace {

const std::vector<double> series{40, 10, 70, 20, 90, 30, 50};

std::vector<outcome> taught(const std::vector<double>& all,
                            double every_ms = 1000) {
  std::vector<outcome> made;
  for (size_t i = 0; i < all.size(); ++i)
    made.push_back(took(0, all[i], every_ms * double(i + 1)));
  return made;
}

/// Peak-EWMA takes the level as it is when it was seen just now.
double peak_ms(std::vector<outcome> seen, double at, double in_flight = 0) {
  return expected_ms(
    {"peak-ewma:tau=1000", std::move(seen), at, {}, in_flight});
}

} // namespace

BOOST_AUTO_TEST_SUITE(averages_test)

  BOOST_AUTO_TEST_CASE(last_value_is_the_last) {
    const auto ms = expected_ms({"last-value:explore=0", taught(series), 8000});
    BOOST_CHECK_CLOSE(ms, 50, 1e-6);
  }

  BOOST_AUTO_TEST_CASE(ewma_weighs_by_powers) {
    // (1-a)^(n-1) x_1 + a sum (1-a)^(n-i) x_i
    const double a = 0.3, n = double(series.size());
    double sum = std::pow(1 - a, n - 1) * series[0];
    for (size_t i = 1; i < series.size(); ++i)
      sum += a * std::pow(1 - a, n - 1 - double(i)) * series[i];
    BOOST_CHECK_CLOSE(
      expected_ms({"ewma:alpha=0.3,explore=0", taught(series), 8000}), sum,
      1e-6);
  }

  BOOST_AUTO_TEST_CASE(ewma_has_followed_a_step_after_its_time_constant) {
    // 1 - (1-a)^k of a step after k events: 11 of them for 90 % with a = 0.2.
    for (const int k : {1, 4, 11}) {
      std::vector<double> all(50, 20.0);
      all.insert(all.end(), size_t(k), 120.0);
      const auto ms = expected_ms({"ewma:explore=0", taught(all), 1e5});
      BOOST_CHECK_CLOSE(ms, 20 + 100 * (1 - std::pow(0.8, k)), 1e-6);
    }
  }

  BOOST_AUTO_TEST_CASE(window_mean_forgets_all_but_its_window) {
    const auto with = [](int window) {
      return expected_ms(
        {"window-mean:explore=0,window=" + std::to_string(window),
         taught(series), 8000});
    };
    BOOST_CHECK_CLOSE(with(1), 50, 1e-6);
    BOOST_CHECK_CLOSE(with(3), (90 + 30 + 50) / 3.0, 1e-6);
    BOOST_CHECK_CLOSE(with(20), 310 / 7.0, 1e-6);
    std::vector<double> many(200, 1.0); // the ring has gone round
    many.insert(many.end(), 64, 7.0);
    BOOST_CHECK_CLOSE(
      expected_ms({"window-mean:explore=0,window=64", taught(many), 1e6}), 7,
      1e-6);
  }

  BOOST_AUTO_TEST_CASE(exploration_goes_anywhere_with_its_share) {
    random_source random{7};
    auto rule = std::move(*make_policy("ewma:explore=0.2"));
    rule->ended(took(0, 10));
    rule->ended(took(1, 20));
    int other = 0;
    for (int i = 0; i < 20'000; ++i) {
      const auto made
        = rule->choose(in_flight({0, 0}), {}, random, after(100));
      other += made.chosen == 1;
      BOOST_REQUIRE_CLOSE(made.propensity, made.chosen == 1 ? 0.1 : 0.9, 1e-9);
    }
    BOOST_TEST(std::abs(other / 20'000.0 - 0.1) < 0.01, "seed 7: " << other);
  }

  BOOST_AUTO_TEST_CASE(peak_ewma_feels_a_peak_at_once) {
    auto seen = taught(std::vector<double>(20, 20.0), 50); // until 1 s
    const auto ewma = [&] {
      return expected_ms({"ewma:explore=0", seen, 2000});
    };
    seen.push_back(took(0, 500, 1050));
    BOOST_CHECK_CLOSE(peak_ms(seen, 1050), 500, 1e-6);
    BOOST_CHECK_CLOSE(ewma(), 20 + 0.2 * 480, 1e-6);
    // and gets over it with tau, whether little comes or much.
    BOOST_CHECK_CLOSE(peak_ms(seen, 2050), 500 * std::exp(-1), 1e-6);
    for (int i = 1; i <= 20; ++i)
      seen.push_back(took(0, 20, 1050 + 50.0 * i));
    BOOST_CHECK_CLOSE(peak_ms(seen, 2050), 20 + 480 * std::exp(-1), 1e-6);
    BOOST_TEST(ewma() < 26); // forgotten after so many events
  }

  BOOST_AUTO_TEST_CASE(peak_ewma_charges_for_what_is_in_flight) {
    for (const double waiting : {0.0, 1.0, 7.0})
      BOOST_CHECK_CLOSE(peak_ms({took(0, 30)}, 0, waiting), 30 * (waiting + 1),
                        1e-6);
  }

  BOOST_AUTO_TEST_CASE(peak_ewma_tries_an_unknown_site_with_one_event) {
    random_source random{1};
    auto rule = std::move(*make_policy("peak-ewma"));
    rule->ended(took(0, 5000));
    const auto chosen = [&](double there) {
      return rule->choose(in_flight({9, there}), {}, random, after(0)).chosen;
    };
    for (int i = 0; i < 20; ++i) {
      BOOST_TEST(chosen(0) == 1);
      BOOST_TEST(chosen(1) == 0); // though 50 s are expected there
    }
  }

  BOOST_AUTO_TEST_CASE(peak_ewma_looks_at_two_and_decays_those_alone) {
    // Finagle decays the cost of the two that it draws: how much an answer
    // pulls depends on the time since then.
    random_source random{3};
    auto rule = std::move(*make_policy("peak-ewma:tau=1000"));
    for (unsigned i = 0; i < 3; ++i)
      rule->ended(took(i, 100));
    auto without = in_flight({0, 0, 0});
    without.healthy = 0b011;
    rule->choose(without, {}, random, after(1000));
    for (const unsigned i : {0u, 2u})
      rule->ended(took(i, 30, 1000));
    // 0: 100/e, no time since the choice; 2: 100/e + 30 (1 - 1/e).
    without.healthy = 0b101;
    for (int i = 0; i < 20; ++i)
      BOOST_TEST(rule->choose(without, {}, random, after(1000)).chosen == 0);
  }

  BOOST_AUTO_TEST_CASE(scalar_kalman_reaches_its_steady_gain) {
    // Riccati: P = Q/2 + sqrt(Q^2/4 + Q R), K = P / (P + R); Q each second.
    for (const double q : {1.0, 25.0, 400.0}) {
      const double r = 0.3 * 100 * 0.3 * 100;
      const double p = q / 2 + std::sqrt(q * q / 4 + q * r);
      std::vector<double> all(400, 100.0);
      all.push_back(110);
      const auto ms = expected_ms(
        {"scalar-kalman:sample=0,q=" + std::to_string(q), taught(all), 401e3});
      BOOST_CHECK_CLOSE(ms - 100, 10 * p / (p + r), 1e-4);
    }
  }

  BOOST_AUTO_TEST_CASE(scalar_kalman_without_change_is_the_mean) {
    // Q = 0: the gain is 1/n when all are as noisy, R from the mean apart.
    std::vector<double> all;
    random_source random{11};
    double sum = 0;
    for (int i = 0; i < 2000; ++i)
      sum += all.emplace_back(100 + 10 * random.normal());
    const auto ms
      = expected_ms({"scalar-kalman:sample=0,q=0", taught(all), 3e6});
    BOOST_TEST(std::abs(ms - sum / 2000) < 0.3, "seed 11: " << ms);
  }

  BOOST_AUTO_TEST_CASE(scalar_kalman_comes_back_to_what_it_does_not_know) {
    // Sibling filters (Granmo and Berg): variance grows at what is left alone,
    // so that a site that was bad is tried again, the sooner the larger Q is.
    const auto tried = [](double q) {
      random_source random{5};
      auto rule = std::move(
        *make_policy("scalar-kalman:q=" + std::to_string(q)));
      for (int i = 0; i < 30; ++i) { // both well known
        rule->ended(took(0, 20));
        rule->ended(took(1, 100));
      }
      for (int i = 1; i < 20'000; ++i) {
        const auto one
          = rule->choose(in_flight({0, 0}), {}, random, after(100.0 * i));
        if (one.chosen == 1)
          return i;
        rule->ended(took(0, 20, 100.0 * i + 20));
      }
      return 20'000;
    };
    const int slow = tried(5), fast = tried(100);
    BOOST_TEST_MESSAGE("seed 5: first tried after " << slow << " and " << fast);
    BOOST_TEST(fast > 1);
    BOOST_TEST(fast * 2 < slow);
    BOOST_TEST(slow < 20'000);
  }

  BOOST_AUTO_TEST_CASE(answers_of_no_time_do_not_break_a_filter) {
    // Neither noise nor uncertainty is known of: the newest is believed.
    const auto ms = expected_ms({"scalar-kalman:sample=0,q=0",
                                 {took(0, 0), took(0, 0), took(0, 50)}});
    BOOST_CHECK_CLOSE(ms, 50, 1e-6);
  }

BOOST_AUTO_TEST_SUITE_END()
