// Functions of which nothing was told, and their first events.
#include "libfaas/routing/first_events.hpp"
#include "tests/unit/routing/predictor_world.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <vector>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

struct event {
  double n;
  bool cold = false;
  double factor = 1;
};

/// Nearly all of its time is fixed, which nobody knows.
double truth(double n) {
  return 60 + n / 5;
}

predictor_config together() {
  predictor_config how;
  how.service.fit_first = true;
  return how;
}

/// What is expected of size n at the edge after these.
double after(const std::vector<event>& events, double n) {
  predictor_world w{together()};
  w.classify = *w.predictor.add_function("unknown");
  for (const auto& one : events) {
    auto seen = w.make(w.edge, 1, one.n);
    seen.service_ms = one.factor * truth(one.n);
    seen.cold_ms = one.cold ? 700 : 0;
    seen.total_ms = seen.service_ms + seen.cold_ms;
    seen.at = w.now += std::chrono::seconds{60};
    w.predictor.observe(seen);
  }
  w.predictor.publish(w.now);
  return w.expect(w.classify, w.edge, n).service;
}

/// What the fit is to make least, written anew.
struct squares {
  line form;
  double h_var, k_mean, k_var;
  std::vector<std::array<double, 3>> seen; ///< n, log of the time, variance

  double at(double h, double k) const {
    double sum = h * h / h_var + (k - k_mean) * (k - k_mean) / k_var;
    for (const auto& [n, log_time, var] : seen) {
      const double off = log_time - h
                         - std::log(form.slope * n
                                    + form.intercept * std::exp(k));
      sum += off * off / var;
    }
    return sum / 2;
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(first_events_test)

  BOOST_AUTO_TEST_CASE(the_fit_is_where_the_squares_are_least) {
    random_source random{7};
    for (int round = 0; round < 20; ++round) {
      squares sum{{0.34, 1}, 16, 0, 4, {}};
      first_events kept;
      kept.begin(0, sum.h_var);
      const double h = 3 * random.normal(), k = 2 * random.normal();
      for (int i = 0; i < 2 + round % 5; ++i) {
        const double n = 1.0 + static_cast<double>(random.below(300));
        const double log_time
          = h + std::log(0.34 * n + std::exp(k)) + 0.17 * random.normal();
        sum.seen.push_back({n, static_cast<float>(log_time), 0.03f});
        kept.add(n, log_time, 0.03);
      }
      const auto fit = kept.fit(sum.form, {sum.k_mean, sum.k_var, 6});
      double least = 1e300;
      for (double to_h = fit.h - 3; to_h < fit.h + 3; to_h += 0.02)
        for (double to_k = -6; to_k < 6; to_k += 0.02)
          least = std::min(least, sum.at(to_h, to_k));
      BOOST_TEST(sum.at(fit.h, fit.k) <= least + 1e-3);
    }
  }

  BOOST_AUTO_TEST_CASE(its_covariance_is_that_of_the_linear_case) {
    // Without a slope h and k only come as a sum: known by the events, while
    // the difference is known by the prior alone.
    first_events kept;
    kept.begin(0, 4);
    for (int i = 0; i < 5; ++i)
      kept.add(1, 2, 0.1);
    const auto fit = kept.fit({0, 1}, {0, 4, 6});
    const double sum = 1 / (1 / 8.0 + 5 / 0.1); // prior of h + k: variance 8
    BOOST_TEST(fit.p_hh + fit.p_kk + 2 * fit.p_hk == sum,
               boost::test_tools::tolerance(1e-4));
    BOOST_TEST(fit.p_hh + fit.p_kk - 2 * fit.p_hk == 8,
               boost::test_tools::tolerance(1e-4));
    BOOST_TEST(fit.h + fit.k == 2 * (5 / 0.1) * sum,
               boost::test_tools::tolerance(1e-4));
  }

  BOOST_AUTO_TEST_CASE(it_takes_so_many_and_none_of_another_time) {
    first_events kept;
    BOOST_TEST(kept.empty());
    for (int i = 0; i < first_events::most; ++i) {
      BOOST_TEST(kept.open());
      kept.add(1, 1, 0.1);
    }
    BOOST_TEST(!kept.open());
    first_events closed;
    closed.close();
    BOOST_TEST(!closed.open());
  }

  BOOST_AUTO_TEST_CASE(two_sizes_tell_how_much_is_fixed) {
    for (const double small : {10.0, 20.0, 60.0}) {
      // The second one is neither a step nor an outlier.
      BOOST_TEST(near(after({{200}, {small}}, small), truth(small), 0.15));
      BOOST_TEST(after({{200}, {small}}, 200) < 1.8 * truth(200));
      const auto risen = after({{small}, {200}}, 200);
      BOOST_TEST(near(risen, truth(200), 0.25), risen);
      BOOST_TEST(after({{small}}, 200) > 2 * truth(200)); // one does not
      const event again[]{{200}, {small}};
      std::vector<event> many;
      for (int i = 0; i < 10; ++i)
        many.insert(many.end(), std::begin(again), std::end(again));
      BOOST_TEST(near(after(many, small), truth(small), 0.1));
      BOOST_TEST(near(after(many, 200), truth(200), 0.1));
    }
  }

  BOOST_AUTO_TEST_CASE(cold_ones_count_where_there_are_no_others) {
    for (const double small : {10.0, 20.0, 60.0}) {
      const auto both = after({{200, true}, {small, true}}, small);
      BOOST_TEST(both == after({{200}, {small}}, small),
                 boost::test_tools::tolerance(1e-6));
      BOOST_TEST(after({{200, true}, {small, true}}, 200)
                 < after({{small, true}, {small, true}}, 200) / 1.5);
    }
  }

  BOOST_AUTO_TEST_CASE(a_cold_one_before_warm_ones_does_not_count) {
    const auto warm = after({{100}, {60}}, 80);
    BOOST_TEST(after({{20, true, 5}, {100}, {60}}, 80) == warm,
               boost::test_tools::tolerance(1e-6));
    // Nor is it kept for later.
    BOOST_TEST(after({{20, true, 5}, {100}, {20, true}, {60}}, 80) < 1.2 * warm);
  }

  BOOST_AUTO_TEST_CASE(what_was_first_does_not_come_back) {
    // Known after four; then it doubles, and rests for a minute.
    std::vector<event> events{{1}, {1000}, {1}, {1000}};
    for (int i = 0; i < 100; ++i)
      events.push_back({i % 2 ? 1.0 : 1000.0, false, 2});
    for (const double n : {1.0, 1000.0})
      BOOST_TEST(near(after(events, n), 2 * truth(n), 0.2));
  }

  BOOST_AUTO_TEST_CASE(old_events_tell_less) {
    first_events kept;
    kept.begin(0, 16);
    for (int i = 0; i < 3; ++i)
      kept.add(10, 1, 0.03);
    kept.age(1); // the level may have moved since
    kept.add(10, 2, 0.03);
    const auto fit = kept.fit({0.34, 1}, {0, 4, 6});
    BOOST_TEST(std::abs(fit.h + std::log(3.4 + std::exp(fit.k)) - 2) < 0.1);
  }

  BOOST_AUTO_TEST_CASE(a_cold_event_of_long_ago_does_not_count) {
    predictor_world w{together()};
    w.classify = *w.predictor.add_function("unknown");
    const auto cold = [&](double ms, std::chrono::minutes later) {
      auto seen = w.make(w.edge, 1, 10);
      seen.service_ms = ms;
      seen.cold_ms = 700;
      seen.total_ms = ms + 700;
      seen.at = w.now += later;
      w.predictor.observe(seen);
      w.predictor.publish(w.now);
      return w.expect(w.classify, w.edge, 10).service;
    };
    cold(500, std::chrono::minutes{1});
    BOOST_TEST(near(cold(50, std::chrono::minutes{60}), 50, 0.2));
  }

BOOST_AUTO_TEST_SUITE_END()
