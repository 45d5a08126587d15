// Filters beside an independent implementation (filterpy), on runs quiet enough
// that neither Huber nor CUSUM nor a bound takes part.
#include "libfaas/routing/network_estimator.hpp"
#include "libfaas/routing/service_estimator.hpp"
#include "tests/unit/routing/network_vectors.hpp"
#include "tests/unit/routing/service_vectors.hpp"

#include <boost/test/unit_test.hpp>

#include <span>

using namespace faas;
using namespace faas::routing;
namespace tt = boost::test_tools;

namespace {

/// The rows of a run, `width` numbers each.
template <size_t N>
std::span<const double> row(const double (&run)[N], size_t index,
                            size_t width) {
  return std::span{run}.subspan(index * width, width);
}

} // namespace

BOOST_AUTO_TEST_SUITE(reference_test)

  BOOST_AUTO_TEST_CASE(the_network_filter_is_a_linear_kalman_filter) {
    constexpr size_t width = 13;
    network_estimator filter;
    time_point now{};
    const auto near = tt::tolerance(1e-8);
    for (size_t i = 0; i < std::size(reference::network_run) / width; ++i) {
      const auto r = row(reference::network_run, i, width);
      now += from_ms(r[0]);
      BOOST_REQUIRE(filter.observe({r[1], r[2]}, r[3], now));
      BOOST_TEST_CONTEXT("event " << i) {
        BOOST_TEST(filter.rtt_ms() == r[4], near);
        BOOST_TEST(filter.up_ms_per_byte() == r[5], near);
        BOOST_TEST(filter.down_ms_per_byte() == r[6], near);
        BOOST_TEST(filter.covariance(0, 0) == r[7], near);
        BOOST_TEST(filter.covariance(1, 1) == r[8], near);
        BOOST_TEST(filter.covariance(2, 2) == r[9], near);
        BOOST_TEST(filter.covariance(0, 1) == r[10], near);
        BOOST_TEST(filter.covariance(0, 2) == r[11], near);
        BOOST_TEST(filter.covariance(1, 2) == r[12], near);
      }
    }
    BOOST_TEST(filter.changes() == 0u);
  }

  BOOST_AUTO_TEST_CASE(one_function_on_a_site_is_an_extended_kalman_filter) {
    constexpr size_t width = 6;
    const service_config config;
    site_filter site{config};
    function_filter filter{{0.34, 6}, config};
    time_point now{};
    const auto near = tt::tolerance(1e-7);
    for (size_t i = 0; i < std::size(reference::service_run) / width; ++i) {
      const auto r = row(reference::service_run, i, width);
      now += from_ms(r[0]);
      BOOST_REQUIRE(filter.observe(r[1], r[2], now, site, config));
      const auto belief = filter.at(50, site);
      BOOST_TEST_CONTEXT("event " << i) {
        BOOST_TEST(filter.shape() == r[3], near);
        BOOST_TEST(belief.log_ms == r[4], near);
        BOOST_TEST(belief.log_var == r[5], near);
      }
    }
    BOOST_TEST(filter.changes() == 0u);
  }

  BOOST_AUTO_TEST_SUITE_END()
