#include "libfaas/forecast/lines.hpp"

#include "tests/unit/forecast/reference_vectors.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::forecast;
namespace tt = boost::test_tools;

namespace {

template <size_t N>
std::vector<point> points(const double (&x)[N], const double (&y)[N]) {
  std::vector<point> made;
  for (size_t i = 0; i < N; ++i)
    made.push_back({x[i], y[i]});
  return made;
}

void check_ridge(const std::vector<point>& of, const double (&expected)[6]) {
  const auto fit = bayesian_ridge(of);
  BOOST_REQUIRE(fit);
  const auto near = tt::tolerance(1e-8);
  BOOST_TEST(fit->line.slope == expected[0], near);
  BOOST_TEST(fit->line.intercept == expected[1], near);
  BOOST_TEST(fit->line.at(35) == expected[2], near);
  const auto rounded = tt::tolerance(1e-6); // two points leave no noise
  BOOST_TEST(std::sqrt(fit->var(35)) == expected[3], rounded);
  BOOST_TEST(fit->line.at(120) == expected[4], near);
  BOOST_TEST(std::sqrt(fit->var(120)) == expected[5], rounded);
}

void check_line(const std::optional<straight_line>& line,
                const double (&expected)[2]) {
  BOOST_REQUIRE(line);
  BOOST_TEST(line->slope == expected[0], tt::tolerance(1e-9));
  BOOST_TEST(line->intercept == expected[1], tt::tolerance(1e-9));
}

/// STOIC's edge, images to seconds.
constexpr straight_line truth{2.3955, 13.6};

line_window window_of(line_method method, size_t samples, bool outlier) {
  line_window made{method, {1, 1}};
  for (size_t i = 0; i < samples; ++i) {
    const double n = 5 + 12 * static_cast<double>(i);
    made.add(n, truth.at(n) * (outlier && i == 4 ? 10 : 1));
  }
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(lines_test)

  BOOST_AUTO_TEST_CASE(bayesian_ridge_says_what_scikit_learn_says) {
    using namespace reference;
    check_ridge(points(clean_x, clean_y), clean_ridge);
    check_ridge(points(outlier_x, outlier_y), outlier_ridge);
    check_ridge(points(many_x, many_y), many_ridge);
    check_ridge(points(two_x, two_y), two_ridge);
  }

  BOOST_AUTO_TEST_CASE(theil_sen_says_what_scipy_says) {
    using namespace reference;
    check_line(theil_sen(points(clean_x, clean_y)), clean_theil_sen);
    check_line(theil_sen(points(outlier_x, outlier_y)), outlier_theil_sen);
    check_line(theil_sen(points(many_x, many_y)), many_theil_sen);
    check_line(theil_sen(points(two_x, two_y)), two_theil_sen);
  }

  BOOST_AUTO_TEST_CASE(ransac_over_all_pairs_says_what_scikit_learn_says) {
    random_source random{1};
    using namespace reference;
    check_line(ransac(points(clean_x, clean_y), random), clean_ransac);
    check_line(ransac(points(outlier_x, outlier_y), random), outlier_ransac);
  }

  BOOST_AUTO_TEST_CASE(ransac_draws_pairs_when_there_are_many) {
    const auto all = points(reference::many_x, reference::many_y);
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      random_source random{seed};
      const auto line = ransac(all, random);
      BOOST_TEST_CONTEXT("seed " << seed) {
        BOOST_REQUIRE(line);
        BOOST_TEST(std::abs(line->at(100) / truth.at(100) - 1) < 0.05);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(one_outlier_in_ten_moves_no_robust_line) {
    for (const auto method : {line_method::ransac, line_method::theil_sen}) {
      auto window = window_of(method, 10, true);
      BOOST_TEST(window.predict(35) == truth.at(35), tt::tolerance(0.01));
      BOOST_TEST(window.predict(150) == truth.at(150), tt::tolerance(0.01));
    }
    auto ridge = window_of(line_method::bayesian_ridge, 10, true);
    BOOST_TEST(std::abs(ridge.predict(35) / truth.at(35) - 1) > 0.3);
  }

  BOOST_AUTO_TEST_CASE(none_one_and_two_samples) {
    for (const auto method :
         {line_method::bayesian_ridge, line_method::ransac,
          line_method::theil_sen, line_method::least_squares}) {
      line_window window{method, {2, 7}};
      BOOST_TEST(window.predict(10) == 27);
      BOOST_TEST(window.add(20, 60));
      BOOST_TEST(window.fit().slope == 3);
      BOOST_TEST(window.fit().intercept == 0);
      BOOST_TEST(window.add(40, 100));
      BOOST_TEST(window.predict(30) == 80, tt::tolerance(1e-3));
      BOOST_TEST(window.predict(60) == 140, tt::tolerance(1e-2));
    }
  }

  BOOST_AUTO_TEST_CASE(a_sample_of_size_none_and_equal_sizes_make_no_slope) {
    line_window none{line_method::ransac, {2, 7}};
    none.add(0, 5);
    BOOST_TEST(none.predict(100) == 5);
    for (const auto method :
         {line_method::bayesian_ridge, line_method::ransac,
          line_method::theil_sen, line_method::least_squares}) {
      line_window same{method, {2, 7}};
      for (const double y : {10., 30., 11.})
        same.add(20, y);
      BOOST_TEST(same.predict(20) == 11);
      BOOST_TEST(same.predict(90) == 11);
    }
  }

  BOOST_AUTO_TEST_CASE(only_the_last_window_counts) {
    line_window window{line_method::theil_sen, {2, 7}, 10};
    for (int i = 0; i < 10; ++i)
      window.add(i, 1000);
    for (int i = 1; i <= 10; ++i)
      window.add(i, truth.at(i));
    BOOST_TEST(window.size() == 10u);
    BOOST_TEST(window.predict(50) == truth.at(50), tt::tolerance(1e-9));
  }

  BOOST_AUTO_TEST_CASE(nonsense_is_refused) {
    line_window window{line_method::ransac, {2, 7}};
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    for (const double bad : {nan, inf, -1.0}) {
      BOOST_TEST(!window.add(bad, 1));
      BOOST_TEST(!window.add(1, bad));
    }
    BOOST_TEST(window.size() == 0u);
    random_source random{1};
    BOOST_TEST(!bayesian_ridge({}));
    BOOST_TEST(!theil_sen({}));
    BOOST_TEST(!least_squares({}));
    BOOST_TEST(!ransac({}, random));
  }

  BOOST_AUTO_TEST_CASE(points_on_one_line_give_it_back) {
    random_source random{1};
    std::vector<point> exact;
    for (const double x : {1., 10., 20., 30., 40.})
      exact.push_back({x, truth.at(x)});
    const double expected[] = {truth.slope, truth.intercept};
    check_line(theil_sen(exact), expected);
    check_line(least_squares(exact), expected);
    check_line(ransac(exact, random), expected);
    const auto flat
      = ransac(std::vector<point>{{1, 5}, {2, 5}, {3, 5}}, random);
    BOOST_REQUIRE(flat);
    BOOST_TEST(flat->at(10) == 5);
  }

  BOOST_AUTO_TEST_SUITE_END()
