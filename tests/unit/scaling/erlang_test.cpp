// Against values of tables and closed forms.
#include "libfaas/scaling/erlang.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace faas;
using namespace faas::scaling;
using namespace std::chrono_literals;
namespace near = boost::test_tools;

BOOST_AUTO_TEST_SUITE(erlang_test)

  BOOST_AUTO_TEST_CASE(one_server_waits_as_often_as_it_is_busy) {
    for (const double load : {0.1, 0.5, 0.9, 0.999})
      BOOST_TEST(erlang_c(1, load) == load, near::tolerance(1e-12));
  }

  BOOST_AUTO_TEST_CASE(known_values) {
    // Closed forms: c = 2: a^2 / (2 + a); c = 3, a = 2: 4/9.
    BOOST_TEST(erlang_c(2, 1) == 1.0 / 3, near::tolerance(1e-12));
    BOOST_TEST(erlang_c(2, 1.5) == 2.25 / 3.5, near::tolerance(1e-12));
    BOOST_TEST(erlang_c(3, 2) == 4.0 / 9, near::tolerance(1e-12));
    // Tables of Erlang C: 10 Erlang on 12 servers; 0.4494.
    BOOST_TEST(erlang_c(12, 10) == 0.4494, near::tolerance(1e-3));
    BOOST_TEST(erlang_c(5, 4) == 0.5541, near::tolerance(1e-3));
  }

  BOOST_AUTO_TEST_CASE(mean_wait_of_m_m_1) {
    // W = s rho / (1 - rho)
    BOOST_TEST(to_ms(mean_wait(1, 0.8, 10ms)) == 40.0, near::tolerance(1e-6));
    BOOST_TEST((mean_wait(1, 1.0, 10ms) == duration::max()));
    BOOST_TEST((mean_wait(2, 5, 10ms) == duration::max()));
    BOOST_TEST((mean_wait(0, 0, 10ms) == duration::max()));
    BOOST_TEST((mean_wait(3, 0, 10ms) == 0ns));
  }

  BOOST_AUTO_TEST_CASE(servers_by_utilisation) {
    BOOST_TEST(servers_for_utilisation(0, 0.7, 10) == 0u);
    BOOST_TEST(servers_for_utilisation(0.1, 0.7, 10) == 1u);
    BOOST_TEST(servers_for_utilisation(0.7, 0.7, 10) == 1u);
    BOOST_TEST(servers_for_utilisation(0.71, 0.7, 10) == 2u);
    BOOST_TEST(servers_for_utilisation(3.5, 0.7, 10) == 5u);
    BOOST_TEST(servers_for_utilisation(1e300, 0.7, 10) == 10u);
  }

  BOOST_AUTO_TEST_CASE(servers_by_wait_are_the_fewest_that_do) {
    random_source random{20201};
    for (int i = 0; i < 2000; ++i) {
      const double load = random.uniform() * 30;
      const duration service = from_ms(0.1 + random.uniform() * 1000);
      const duration target = from_ms(random.uniform() * 200);
      const auto n = servers_for_wait(load, service, target, 64);
      BOOST_TEST_INFO("load " << load);
      BOOST_REQUIRE(n >= 1 && n <= 64);
      BOOST_REQUIRE(n == 64 || mean_wait(n, load, service) <= target);
      BOOST_REQUIRE(n == 1 || mean_wait(n - 1, load, service) > target);
    }
  }

  BOOST_AUTO_TEST_CASE(more_servers_never_wait_longer) {
    random_source random{20202};
    for (int i = 0; i < 500; ++i) {
      const double load = random.uniform() * 50;
      double before = 1;
      for (uint32_t n = 1; n < 80; ++n) {
        const auto p = erlang_c(n, load);
        BOOST_REQUIRE(p >= 0);
        BOOST_REQUIRE(p <= before);
        before = p;
      }
    }
  }

  BOOST_AUTO_TEST_CASE(nonsense_is_no_load) {
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    BOOST_TEST(erlang_c(4, nan) == 0);
    BOOST_TEST(erlang_c(4, -1) == 0);
    BOOST_TEST(servers_for_utilisation(nan, 0.7, 10) == 0u);
    BOOST_TEST(servers_for_wait(nan, 1s, 1s, 10) == 0u);
    BOOST_TEST(servers_for_wait(1e12, 1s, 1s, 10) == 10u);
  }

  BOOST_AUTO_TEST_SUITE_END()
