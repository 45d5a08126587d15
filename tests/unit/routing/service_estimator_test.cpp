#include "libfaas/routing/service_estimator.hpp"

#include "libfaas/core/random.hpp"
#include "libfaas/routing/estimate_cell.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::routing;

namespace {

/// A site with two functions, events every 200 ms.
struct world {
  service_config config;
  site_filter site{config};
  function_filter first, second;
  random_source random;
  double noise = 0.17;
  time_point now{};

  explicit world(uint64_t seed, line profile = {0.34, 1})
    : first(profile, config), second(profile, config), random(seed) {}

  double size() { return 1 + std::floor(std::pow(random.uniform(), 2) * 299); }

  bool event(function_filter& f, double n, double true_ms) {
    now += from_ms(200);
    return f.observe(n, true_ms * std::exp(noise * random.normal()), now, site,
                     config);
  }
  void play(function_filter& f, line truth, int events) {
    for (int i = 0; i < events; ++i) {
      const double n = size();
      event(f, n, truth.at(n));
    }
  }
  /// ln(believed / true)
  double error(function_filter& f, line truth, double n) {
    return f.at(n, site).log_ms - std::log(truth.at(n));
  }
};

constexpr line normal{0.34, 1};
constexpr line slow{4 * 0.34, 4};

} // namespace

BOOST_AUTO_TEST_SUITE(service_estimator_test)

  BOOST_AUTO_TEST_CASE(converges_to_a_constant_slowdown) {
    const line truth{5 * 0.34, 5};
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        world w{seed};
        w.play(w.first, truth, 100);
        for (const double n : {2.0, 38.0, 300.0})
          BOOST_TEST(std::abs(w.error(w.first, truth, n)) < 0.2);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(a_wrong_profile_is_mended_in_slope_and_intercept) {
    const line truth{0.34, 20};
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        world w{seed, {1, 1}};
        w.play(w.first, truth, 200);
        for (const double n : {1.0, 38.0, 200.0})
          BOOST_TEST(std::abs(w.error(w.first, truth, n)) < 0.2);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(a_slowdown_of_the_slope_alone_is_followed) {
    const line before{0.34, 10}, after{4 * 0.34, 10};
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        world w{seed, before};
        w.play(w.first, before, 100);
        w.play(w.first, after, 60);
        for (const double n : {2.0, 38.0, 200.0})
          BOOST_TEST(std::abs(w.error(w.first, after, n)) < 0.25);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(a_step_up_is_followed_within_three_events) {
    int good = 0;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      world w{seed};
      w.play(w.first, normal, 100);
      w.play(w.first, slow, 3);
      good += std::abs(w.error(w.first, slow, 38)) < 0.35;
    }
    BOOST_TEST(good >= 38);
  }

  BOOST_AUTO_TEST_CASE(a_step_down_is_followed_within_two_events) {
    int good = 0;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      world w{seed};
      w.play(w.first, slow, 100);
      w.play(w.first, normal, 2);
      good += std::abs(w.error(w.first, normal, 38)) < 0.35;
    }
    BOOST_TEST(good >= 38);
  }

  BOOST_AUTO_TEST_CASE(one_outlier_moves_little_but_raises_a_doubt) {
    world w{1};
    w.play(w.first, normal, 100);
    const double before = w.first.at(38, w.site).log_ms;
    w.event(w.first, 38, 6 * normal.at(38));
    BOOST_TEST(w.first.at(38, w.site).log_ms - before < 0.15);
    BOOST_TEST(w.first.doubt() > 1);
    w.event(w.first, 38, normal.at(38));
    BOOST_TEST(w.first.doubt() == 0);
  }

  BOOST_AUTO_TEST_CASE(false_alarms_stay_below_one_in_a_thousand_events) {
    uint64_t alarms = 0;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      world w{seed};
      w.play(w.first, normal, 100);
      const auto settled = w.first.changes();
      w.play(w.first, normal, 1000);
      alarms += w.first.changes() - settled;
    }
    BOOST_TEST_MESSAGE("alarms in 20000: " << alarms);
    BOOST_TEST(alarms <= 20u);
  }

  BOOST_AUTO_TEST_CASE(ninety_percent_intervals_hold_for_any_scatter) {
    for (const double scatter : {0.1, 0.17, 0.35}) {
      int inside = 0, events = 0;
      double nis = 0;
      for (uint64_t seed = 1; seed <= 10; ++seed) {
        world w{seed};
        w.noise = scatter;
        w.play(w.first, normal, 200);
        for (int i = 0; i < 300; ++i) {
          const double n = w.size();
          const auto b = w.first.at(n, w.site);
          const double true_log
            = std::log(normal.at(n)) + scatter * w.random.normal();
          inside += std::abs(true_log - b.log_ms)
                    <= 1.645 * std::sqrt(b.log_var + b.noise);
          ++events;
          w.event(w.first, n, normal.at(n));
        }
        nis += w.first.nis().mean() / 10;
      }
      const double share = double(inside) / events;
      BOOST_TEST_MESSAGE("scatter " << scatter << ": " << share << ", nis "
                                    << nis);
      BOOST_TEST_CONTEXT("scatter " << scatter) {
        BOOST_TEST(share >= 0.85);
        BOOST_TEST(share <= 0.95);
        BOOST_TEST(nis > 0.6);
        BOOST_TEST(nis < 1.5);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(a_slow_site_warns_the_other_function) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        world w{seed};
        for (int i = 0; i < 50; ++i) {
          w.play(w.first, normal, 1);
          w.play(w.second, normal, 1);
        }
        w.play(w.first, slow, 4); // the second sees none of it
        const double left = -w.error(w.second, slow, 38);
        BOOST_TEST(left < 0.5 * std::log(4)); // without warning: ln 4
      }
    }
  }

  BOOST_AUTO_TEST_CASE(one_slow_function_does_not_mislead_about_the_other) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        world w{seed};
        w.play(w.first, normal, 50);
        w.play(w.second, normal, 50);
        for (int i = 0; i < 20; ++i) {
          w.play(w.first, slow, 1);
          w.play(w.second, normal, 1);
        }
        BOOST_TEST(std::abs(w.error(w.first, slow, 38)) < 0.3);
        BOOST_TEST(std::abs(w.error(w.second, normal, 38)) < 0.3);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(probes_tell_of_a_recovery_without_events) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        world w{seed};
        auto probe = function_filter::probe(1, w.now, w.site, w.config);
        const auto read = [&](double slowdown) {
          w.now += from_ms(500);
          probe.observe(0, slowdown * std::exp(0.1 * w.random.normal()), w.now,
                        w.site, w.config);
        };
        for (int i = 0; i < 50; ++i) {
          w.play(w.first, normal, 2);
          read(1);
        }
        for (int i = 0; i < 20; ++i) {
          w.play(w.first, slow, 2);
          read(4);
        }
        BOOST_TEST(std::abs(w.error(w.first, slow, 38)) < 0.25);
        read(1);
        read(1);
        BOOST_TEST(std::abs(w.error(w.first, normal, 38)) < 0.4);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(
    a_probe_that_feels_nothing_does_not_hold_the_filter_back) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        world w{seed};
        auto probe = function_filter::probe(1, w.now, w.site, w.config);
        const auto play = [&](line truth, int events) {
          for (int i = 0; i < events; ++i) {
            w.play(w.first, truth, 2);
            probe.observe(0, std::exp(0.1 * w.random.normal()), w.now, w.site,
                          w.config);
          }
        };
        play(normal, 50);
        play(slow, 5);
        BOOST_TEST(std::abs(w.error(w.first, slow, 38)) < 0.35);
        play(slow, 20);
        BOOST_TEST(std::abs(w.error(w.first, slow, 38)) < 0.25);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(the_first_probe_changes_nothing) {
    world w{1};
    w.play(w.first, normal, 50);
    const double before = w.first.at(38, w.site).log_ms;
    function_filter::probe(7, w.now, w.site, w.config);
    BOOST_TEST(w.first.at(38, w.site).log_ms == before);
  }

  BOOST_AUTO_TEST_CASE(uncertainty_grows_while_nobody_looks) {
    world w{1};
    w.play(w.first, normal, 50);
    const double before = w.first.at(38, w.site).log_var;
    w.now += std::chrono::seconds{60};
    w.site.advance(w.now, w.config);
    const double after = w.first.at(38, w.site).log_var;
    BOOST_TEST(after - before == 60 * w.config.q_second,
               boost::test_tools::tolerance(1e-6));
  }

  BOOST_AUTO_TEST_CASE(nonsense_is_refused_and_changes_nothing) {
    world w{1};
    w.play(w.first, normal, 20);
    const auto before = w.first.at(10, w.site);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    for (const double ms : {nan, inf, -inf, -1.0, 0.0, 1e9})
      BOOST_TEST(!w.first.observe(10, ms, w.now, w.site, w.config));
    for (const double n : {nan, inf, -1.0, 1e12})
      BOOST_TEST(!w.first.observe(n, 5, w.now, w.site, w.config));
    const auto after = w.first.at(10, w.site);
    BOOST_TEST(after.log_ms == before.log_ms);
    BOOST_TEST(after.log_var == before.log_var);
  }

  BOOST_AUTO_TEST_CASE(time_that_goes_back_does_no_harm) {
    world w{1};
    w.play(w.first, normal, 20);
    BOOST_TEST(
      w.first.observe(10, normal.at(10), time_point{}, w.site, w.config));
    BOOST_TEST(std::isfinite(w.first.at(10, w.site).log_ms));
  }

  BOOST_AUTO_TEST_CASE(extreme_input_keeps_the_filter_finite) {
    world w{1};
    for (int i = 0; i < 2000; ++i) {
      const double ms = std::exp(30 * w.random.uniform() - 15);
      const double n = std::floor(std::exp(20 * w.random.uniform()));
      w.first.observe(n, ms, w.now += from_ms(1), w.site, w.config);
      const auto b = w.first.at(n, w.site);
      BOOST_REQUIRE(std::isfinite(b.log_ms));
      BOOST_REQUIRE(b.log_var > 0);
    }
    w.play(w.first, normal, 200); // and lets it recover
    BOOST_TEST(std::abs(w.error(w.first, normal, 38)) < 0.3);
  }

  BOOST_AUTO_TEST_CASE(a_timeout_raises_the_belief_and_never_lowers_it) {
    world w{1};
    w.play(w.first, normal, 50);
    const double before = w.first.at(38, w.site).log_ms;
    w.first.observe_at_least(38, 1, w.now, w.site, w.config);
    BOOST_TEST(w.first.at(38, w.site).log_ms == before);
    w.first.observe_at_least(38, 1000, w.now, w.site, w.config);
    BOOST_TEST(w.first.at(38, w.site).log_ms > before);
  }

  BOOST_AUTO_TEST_CASE(a_measured_profile_replaces_the_belief) {
    world w{1};
    w.play(w.first, slow, 50);
    w.play(w.second, slow, 50);
    w.first.reset({2, 30}, w.site, w.config, w.now);
    BOOST_TEST(w.first.at(10, w.site).log_ms == std::log(50),
               boost::test_tools::tolerance(1e-9));
    BOOST_TEST(std::abs(w.error(w.second, slow, 38)) < 0.2);
  }

  BOOST_AUTO_TEST_CASE(what_may_have_changed_unseen_is_in_the_cell) {
    world w{1, {1, 1}};
    w.play(w.first, {0.34, 20}, 100);
    const auto var_after = [&](int seconds) {
      estimate e;
      w.first.fill(e, w.site, w.config,
                   w.now + std::chrono::seconds{seconds});
      return e.log_var;
    };
    const double rate = w.config.q_second * (1 + w.config.own_share);
    BOOST_TEST(var_after(100) - var_after(0) == 100 * rate,
               boost::test_tools::tolerance(1e-6));
    BOOST_TEST(var_after(1'000'000) <= 2 * w.config.max_var); // and no further
  }

  BOOST_AUTO_TEST_CASE(the_cell_holds_what_the_filter_believes) {
    world w{1, {1, 1}};
    w.play(w.first, {0.34, 20}, 100);
    estimate e;
    w.first.fill(e, w.site, w.config, w.now);
    for (const double n : {0.0, 5.0, 200.0}) {
      const auto b = w.first.at(n, w.site);
      const double base = e.slope * n + e.intercept;
      const double share = e.intercept / base;
      BOOST_TEST(std::log(base * e.factor) == b.log_ms,
                 boost::test_tools::tolerance(1e-9));
      BOOST_TEST(e.log_var + 2 * share * e.cov_shape
                     + share * share * e.var_shape
                   == b.log_var,
                 boost::test_tools::tolerance(1e-6));
    }
  }

  BOOST_AUTO_TEST_CASE(adapted_noise_is_used_when_switched_on) {
    // Little scatter, so that the adapted gain is larger than the fixed one.
    double moved[2];
    for (const bool adapt : {false, true}) {
      world w{5};
      w.noise = 0.05;
      w.config.adapt_noise = adapt;
      w.play(w.first, normal, 300);
      const double before = w.first.at(38, w.site).log_ms;
      w.noise = 0;
      w.event(w.first, 38, 1.1 * normal.at(38));
      moved[adapt] = w.first.at(38, w.site).log_ms - before;
    }
    BOOST_TEST(moved[1] > 1.2 * moved[0]);
  }

  BOOST_AUTO_TEST_SUITE_END()
