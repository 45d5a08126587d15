#include "libfaas/flow/token_bucket.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using faas::flow::token_bucket;

BOOST_AUTO_TEST_SUITE(token_bucket_test)

BOOST_AUTO_TEST_CASE(a_burst_passes_then_nothing_until_time_passes) {
  token_bucket bucket{1000, 3};
  const auto now = time_point{} + std::chrono::hours{1};
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(bucket.take(now));
  BOOST_TEST(!bucket.take(now));
  BOOST_TEST(!bucket.take(now - from_ms(5))); // a clock read out of order
  BOOST_TEST(bucket.take(now + from_ms(1)));
  BOOST_TEST(!bucket.take(now + from_ms(1)));
}

BOOST_AUTO_TEST_CASE(in_the_long_run_its_rate_passes) {
  token_bucket bucket{1000, 10};
  time_point now{};
  int passed = 0;
  for (int i = 0; i < 100'000; ++i)
    passed += bucket.take(now += from_ms(0.1));
  BOOST_TEST(passed >= 10'000);
  BOOST_TEST(passed <= 10'011);
}

BOOST_AUTO_TEST_SUITE_END()
