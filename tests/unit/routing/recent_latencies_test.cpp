#include "libfaas/routing/recent_latencies.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas::routing;

BOOST_AUTO_TEST_SUITE(recent_latencies_test)

BOOST_AUTO_TEST_CASE(nothing_is_known_at_first) {
  const recent_latencies some;
  BOOST_TEST(some.lately_ms(0) == 0);
}

BOOST_AUTO_TEST_CASE(it_is_the_median_of_those_that_found_as_many) {
  recent_latencies some;
  for (int i = 0; i < 8; ++i) {
    some.add(0, 10 + i); // 10 to 17
    some.add(20, 1000 + i);
  }
  BOOST_TEST(some.lately_ms(0) == 14);
  BOOST_TEST(some.lately_ms(25) == 1004);
  recent_latencies one;
  one.add(3, 7);
  BOOST_TEST(one.lately_ms(50) == 7);
}

BOOST_AUTO_TEST_CASE(what_is_long_ago_is_forgotten) {
  recent_latencies some;
  for (int i = 0; i < 64; ++i)
    some.add(1, 500);
  for (int i = 0; i < 64; ++i)
    some.add(1, 5);
  BOOST_TEST(some.lately_ms(1) == 5);
}

BOOST_AUTO_TEST_SUITE_END()
