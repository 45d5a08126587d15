#include "libfaas/routing/profile.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <vector>

using namespace faas::routing;

BOOST_AUTO_TEST_SUITE(profile_test)

  BOOST_AUTO_TEST_CASE(an_exact_line_is_found) {
    std::vector<profile_point> points;
    for (int n = 1; n <= 64; n *= 2)
      points.push_back({double(n), 0.5 * n + 3});
    const auto fit = fit_line(points);
    BOOST_TEST(fit.slope == 0.5, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(fit.intercept == 3.0, boost::test_tools::tolerance(1e-9));
  }

  BOOST_AUTO_TEST_CASE(a_quarter_of_nonsense_does_not_move_it) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        faas::random_source random{seed};
        std::vector<profile_point> points;
        for (int i = 0; i < 60; ++i) {
          const double n = 1 + random.uniform() * 299;
          const double noise = std::exp(0.05 * random.normal());
          points.push_back({n, (0.34 * n + 2) * noise});
          if (i % 4 == 0)
            points.back().ms *= 10;
        }
        const auto fit = fit_line(points);
        BOOST_TEST(std::abs(fit.at(100) / 36 - 1) < 0.1);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(nothing_usable_gives_the_default) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    const std::vector<profile_point> points{
      {nan, 1}, {1, nan}, {inf, 1}, {1, inf}, {-1, 1}, {1, -1}, {1, 0}};
    for (const auto& fit : {fit_line({}), fit_line(points)}) {
      BOOST_TEST(fit.slope == default_profile.slope);
      BOOST_TEST(fit.intercept == default_profile.intercept);
    }
  }

  BOOST_AUTO_TEST_CASE(one_size_only_is_met_exactly) {
    const std::vector<profile_point> points{{20, 30}, {20, 32}, {20, 31}};
    BOOST_TEST(fit_line(points).at(20) == 31.0,
               boost::test_tools::tolerance(1e-9));
  }

  BOOST_AUTO_TEST_CASE(one_point_is_half_fixed_and_half_by_size) {
    const std::vector<profile_point> one{{50'000, 8}};
    const auto fit = fit_line(one);
    const auto near = boost::test_tools::tolerance(1e-9);
    BOOST_TEST(fit.at(50'000) == 8.0, near);
    BOOST_TEST(fit.at(0) == 4.0, near);
    BOOST_TEST(fit.at(100'000) == 12.0, near);
    BOOST_TEST(only_size(one).value() == 50'000);
    const std::vector<profile_point> empty{{0, 8}}; // no size to share by
    BOOST_TEST(fit_line(empty).at(0) == 8.0, near);
    BOOST_TEST(fit_line(empty).at(1000) < 9);
    BOOST_TEST(only_size(empty).value() == 0);
    const std::vector<profile_point> small{{0.01, 8}};
    BOOST_TEST(fit_line(small).at(0.01) == 8.0, near);
    BOOST_TEST(fit_line(small).at(0.02) < 9);
  }

  BOOST_AUTO_TEST_CASE(the_only_size_is_that_of_all_points_that_count) {
    BOOST_TEST(!only_size({}));
    const std::vector<profile_point> two{{1, 3}, {2, 3}}, bad{{1, 0}};
    BOOST_TEST(!only_size(two));
    BOOST_TEST(!only_size(bad));
    const std::vector<profile_point> same{{2, 3}, {2, 5}, {9, -1}};
    BOOST_TEST(only_size(same).value() == 2);
  }

  BOOST_AUTO_TEST_CASE(lines_over_bytes_keep_their_small_slope) {
    const std::vector<profile_point> points{{1'000, 2.01}, {1'000'000, 12}};
    const auto fit = fit_line(points);
    BOOST_TEST(fit.at(1'000) == 2.01, boost::test_tools::tolerance(0.01));
    BOOST_TEST(fit.at(1'000'000) == 12.0, boost::test_tools::tolerance(0.01));
    // Level times keep a slope to learn by, in the unit of their sizes.
    const std::vector<profile_point> level{{1'000, 10}, {1'000'000, 10}};
    BOOST_TEST(fit_line(level).slope * 1'000'000 > 0.1);
    BOOST_TEST(fit_line(level).at(1'000'000) < 10.5);
  }

  BOOST_AUTO_TEST_CASE(times_that_fall_with_size_give_no_negative_slope) {
    const std::vector<profile_point> points{{1, 30}, {10, 20}, {20, 10}};
    const auto fit = fit_line(points);
    BOOST_TEST(fit.slope > 0);
    BOOST_TEST(fit.at(10) > 5);
  }

  BOOST_AUTO_TEST_CASE(sane_mends_what_no_line_can_be) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    BOOST_TEST(sane({nan, 1}).slope == default_profile.slope);
    BOOST_TEST(sane({1, nan}).slope == default_profile.slope);
    BOOST_TEST(sane({-1, 5}).slope > 0);
    BOOST_TEST(sane({1, -5}).intercept > 0);
    BOOST_TEST(sane({0, 0}).at(0) > 0);
    BOOST_TEST(sane({2, 7}).slope == 2);
    BOOST_TEST(sane({2, 7}).intercept == 7);
  }

  BOOST_AUTO_TEST_SUITE_END()
