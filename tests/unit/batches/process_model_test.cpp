#include "libfaas/batches/process_model.hpp"

#include "libfaas/core/random.hpp"
#include "tests/unit/batches/stoic_runtimes.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::batches;
namespace tt = boost::test_tools;

namespace {

/// One runtime y = x * items with x ~ N(10, 3^2): no intercept to speak of.
std::vector<runtime_spec> slopes(size_t count) {
  std::vector<runtime_spec> made;
  for (size_t i = 0; i < count; ++i)
    made.push_back({"r", true, {10, 1e-9}, 20, -1});
  return made;
}

process_config quiet() {
  process_config config;
  config.scale_sd = 0.3;
  config.shape_sd = 0;
  config.scatter = 0.1;
  return config;
}

/// Mean and variance of a normal under a weight, by the trapezoid rule.
template <class Weight>
std::pair<double, double> integrate(double mean, double sd, Weight weight) {
  double mass = 0, first = 0, second = 0;
  for (int i = -40'000; i <= 40'000; ++i) {
    const double z = i / 5'000.0, x = mean + sd * z;
    const double w = std::exp(-z * z / 2) * weight(x);
    mass += w;
    first += w * x;
    second += w * x * x;
  }
  first /= mass;
  return {first, second / mass - first * first};
}

} // namespace

BOOST_AUTO_TEST_SUITE(process_model_test)

  BOOST_AUTO_TEST_CASE(one_measurement_is_the_closed_form_of_a_normal) {
    process_model model{slopes(1), quiet()};
    BOOST_TEST(model.observe(0, 4, 44));
    // x ~ N(10, 9), y = 4 x + N(0, (0.1 * 40)^2)
    const double gain = 9.0 * 4 / (16 * 9 + 16);
    BOOST_TEST(model.mean(0, 1) == 10 + gain * 4, tt::tolerance(1e-6));
    BOOST_TEST(model.var(0, 1) == 9 - gain * 4 * 9, tt::tolerance(1e-6));
  }

  BOOST_AUTO_TEST_CASE(an_order_is_the_integral_over_a_half_space) {
    auto config = quiet();
    config.wrong_order = 0.05;
    process_model model{slopes(2), config};
    // Runtime 0 beat runtime 1 although it deployed 8 s longer, at 2 items:
    // the difference d = 2 (x0 - x1) ~ N(0, 2 * 4 * 9), with a noise of
    // 2 * (0.1 * 20)^2, is below -8.
    model.observe_order(0, 2, {{20.0, {}}, {12.0, {}}});
    const double noise = std::sqrt(2 * 4.0);
    const auto [mean, var] = integrate(0, std::sqrt(72), [noise](double d) {
      return 0.05 + 0.9 * std::erfc((d + 8) / noise / std::sqrt(2)) / 2;
    });
    BOOST_TEST(model.mean(0, 2) - model.mean(1, 2) == mean,
               tt::tolerance(1e-3));
    const auto both = model.covariance(2);
    BOOST_TEST(both(0, 0) + both(1, 1) - 2 * both(0, 1) == var,
               tt::tolerance(1e-3));
    BOOST_TEST(model.mean(0, 2) + model.mean(1, 2) == 40, tt::tolerance(1e-6));
  }

  BOOST_AUTO_TEST_CASE(an_order_of_measured_times_says_nothing_new) {
    process_model model{slopes(2), quiet()};
    model.observe_order(0, 2, {{20.0, 5.0}, {12.0, 50.0}});
    BOOST_TEST(model.mean(0, 2) == 20, tt::tolerance(1e-9));
    model.observe_order(0, 2, {{20.0, {}}, {{}, {}}}); // not deployed
    BOOST_TEST(model.mean(0, 2) == 20, tt::tolerance(1e-9));
  }

  BOOST_AUTO_TEST_CASE(finds_slope_and_intercept) {
    const forecast::straight_line truth{1.6, 4};
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      random_source random{seed};
      process_model model{stoic_runtimes()};
      for (int i = 0; i < 60; ++i) {
        const double n = 1 + std::floor(100 * random.uniform());
        model.observe(0, n, truth.at(n) * std::exp(0.05 * random.normal()));
        model.advance();
      }
      BOOST_TEST_CONTEXT("seed " << seed) {
        for (const double n : {10., 40., 150.})
          BOOST_TEST(std::abs(model.mean(0, n) / truth.at(n) - 1) < 0.12);
        BOOST_TEST(model.scatter(0) < 0.12);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(one_outlier_moves_little) {
    process_model model{stoic_runtimes()};
    for (int i = 0; i < 30; ++i) {
      model.observe(0, 40, 100);
      model.advance();
    }
    const double before = model.mean(0, 40);
    model.observe(0, 40, 1000);
    BOOST_TEST(std::abs(model.mean(0, 40) / before - 1) < 0.05);
  }

  BOOST_AUTO_TEST_CASE(a_group_that_slows_down_warns_its_members) {
    process_config config;
    config.group_drift = 0.2;
    process_model model{stoic_runtimes(), config};
    for (int i = 0; i < 30; ++i) {
      for (const size_t r : {0, 1, 2, 3})
        model.observe(r, 40, stoic_runtimes()[r].profile.at(40));
      model.advance();
    }
    const double edge = model.mean(0, 40), gpu2 = model.mean(3, 40);
    for (const size_t r : {1, 2})
      model.observe(r, 40, 1.4 * stoic_runtimes()[r].profile.at(40));
    BOOST_TEST(model.mean(3, 40) > 1.1 * gpu2);
    BOOST_TEST(model.mean(0, 40) == edge, tt::tolerance(1e-9));
  }

  BOOST_AUTO_TEST_CASE(what_is_not_seen_grows_uncertain) {
    process_model model{stoic_runtimes()};
    model.observe(2, 40, 40);
    const double known = model.var(2, 40);
    for (int i = 0; i < 20; ++i)
      model.advance();
    BOOST_TEST(model.var(2, 40) > known);
  }

  BOOST_AUTO_TEST_CASE(nonsense_is_refused_and_changes_nothing) {
    process_model model{stoic_runtimes()};
    const double before = model.mean(0, 40);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    for (const double bad : {nan, inf, -1.0}) {
      BOOST_TEST(!model.observe(0, bad, 10));
      BOOST_TEST(!model.observe(0, 40, bad));
      model.observe_order(0, bad, {{}, {1.0, {}}});
    }
    BOOST_TEST(!model.observe(0, 40, 0));
    BOOST_TEST(!model.observe(9, 40, 10));
    model.observe_order(9, 40, {});
    model.observe_order(1, 40, {}); // nothing known of its deployment
    BOOST_TEST(model.mean(0, 40) == before);
  }

  BOOST_AUTO_TEST_SUITE_END()
