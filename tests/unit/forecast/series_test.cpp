#include "libfaas/forecast/series.hpp"

#include "tests/unit/forecast/reference_vectors.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas::forecast;
namespace tt = boost::test_tools;

namespace {

template <size_t N>
void check_ar(size_t order, const double (&expected)[N]) {
  const auto fit = fit_ar(reference::series, order);
  BOOST_REQUIRE(fit);
  const auto near = tt::tolerance(1e-8);
  BOOST_TEST(fit->intercept == expected[0], near);
  for (size_t i = 0; i < order; ++i)
    BOOST_TEST(fit->coefficients[i] == expected[i + 1], near);
  BOOST_TEST(fit->next(reference::series) == expected[order + 1], near);
}

} // namespace

BOOST_AUTO_TEST_SUITE(series_test)

  BOOST_AUTO_TEST_CASE(autoregression_says_what_statsmodels_says) {
    check_ar(1, reference::ar1);
    check_ar(3, reference::ar3);
    check_ar(15, reference::ar15);
    autoregression running{3, 1000};
    for (const auto value : reference::series)
      BOOST_TEST(running.add(value));
    BOOST_TEST(*running.predict() == reference::ar3[4], tt::tolerance(1e-8));
  }

  BOOST_AUTO_TEST_CASE(the_window_is_the_one_of_least_error) {
    using reference::series;
    BOOST_TEST(double(best_median_window(series, 100, 1000))
               == reference::best_windows[0]);
    BOOST_TEST(
      double(best_median_window(std::span{series}.first(100), 100, 1000))
      == reference::best_windows[1]);
    BOOST_TEST(double(best_median_window(series, 40, 60))
               == reference::best_windows[2]);
  }

  BOOST_AUTO_TEST_CASE(windows_fit_the_series) {
    std::vector<double> steps, steady;
    for (int i = 0; i < 300; ++i) {
      steps.push_back(i / 25 % 2 == 0 ? 10 : 50);
      steady.push_back(i % 3 == 0 ? 14 : i % 3 == 1 ? 9 : 10);
    }
    BOOST_TEST(best_median_window(steps, 100, 1000) == 1u);
    BOOST_TEST(best_median_window(steady, 100, 1000) >= 3u);
  }

  BOOST_AUTO_TEST_CASE(a_window_is_chosen_each_hundred_values) {
    adaptive_median median{{100, 100, 1000, 7}};
    for (int i = 0; i < 99; ++i)
      median.add(i / 25 % 2 == 0 ? 10 : 50);
    BOOST_TEST(median.window() == 7u);
    median.add(50);
    BOOST_TEST(median.window() == 1u);
    median.add(80);
    BOOST_TEST(*median.predict() == 80);
    for (int i = 0; i < 98; ++i)
      median.add(i % 3 == 0 ? 14 : i % 3 == 1 ? 9 : 10);
    BOOST_TEST(median.window() == 1u);
  }

  BOOST_AUTO_TEST_CASE(the_choice_sees_no_later_value) {
    std::vector<double> values(
      reference::series, reference::series + std::size(reference::series));
    const auto chosen = best_median_window(values, 100, 1000);
    adaptive_median running{{100, values.size(), 1000, 1}};
    for (const auto value : values)
      running.add(value);
    BOOST_TEST(running.window() == chosen);
    running.add(1e6); // the future changes nothing that was chosen
    BOOST_TEST(running.window() == chosen);
  }

  BOOST_AUTO_TEST_CASE(simple_forecasts_are_their_closed_forms) {
    last_value last;
    ewma weighted{0.2};
    window_forecast mean{centre::mean, 4}, median{centre::median, 4};
    for (const auto value : reference::series) {
      last.add(value);
      weighted.add(value);
    }
    BOOST_TEST(*last.predict() == std::end(reference::series)[-1]);
    BOOST_TEST(*weighted.predict() == reference::ewma_02[0],
               tt::tolerance(1e-9));
    for (const double value : {100., 1., 2., 3., 10.}) {
      mean.add(value);
      median.add(value);
    }
    BOOST_TEST(*mean.predict() == 4);
    BOOST_TEST(*median.predict() == 2.5);
  }

  BOOST_AUTO_TEST_CASE(none_and_one_value) {
    last_value last;
    ewma weighted{0.2};
    window_forecast mean{centre::mean, 4}, median{centre::median, 4};
    adaptive_median adaptive;
    autoregression ar{3, 100};
    BOOST_TEST((!last.predict() && !weighted.predict() && !mean.predict()));
    BOOST_TEST((!median.predict() && !adaptive.predict() && !ar.predict()));
    for (auto* series : {&mean, &median})
      series->add(5);
    last.add(5), weighted.add(5), adaptive.add(5), ar.add(5);
    for (const auto forecast :
         {last.predict(), weighted.predict(), mean.predict(), median.predict(),
          adaptive.predict(), ar.predict()})
      BOOST_TEST(*forecast == 5);
    BOOST_TEST(best_median_window({}, 100, 1000) == 1u);
    BOOST_TEST(!fit_ar({}, 1));
  }

  BOOST_AUTO_TEST_CASE(a_constant_series_stays_so) {
    autoregression ar{3, 100};
    for (int i = 0; i < 30; ++i)
      ar.add(12);
    BOOST_TEST(*ar.predict() == 12, tt::tolerance(1e-9));
  }

  BOOST_AUTO_TEST_CASE(nonsense_is_refused_and_changes_nothing) {
    window_forecast mean{centre::mean, 4};
    adaptive_median adaptive;
    autoregression ar{1, 10};
    ewma weighted{0.5};
    last_value last;
    mean.add(3), adaptive.add(3), ar.add(3), weighted.add(3), last.add(3);
    for (const double bad : {std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity()}) {
      BOOST_TEST((!mean.add(bad) && !adaptive.add(bad) && !ar.add(bad)));
      BOOST_TEST((!weighted.add(bad) && !last.add(bad)));
    }
    BOOST_TEST((*mean.predict() == 3 && *adaptive.predict() == 3));
    BOOST_TEST((*ar.predict() == 3 && *weighted.predict() == 3));
    BOOST_TEST(*last.predict() == 3);
  }

  BOOST_AUTO_TEST_SUITE_END()
