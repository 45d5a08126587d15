#include "libfaas/routing/site_guard.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::routing;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(site_guard_test)

BOOST_AUTO_TEST_CASE(one_refusal_is_forgiven_two_are_not) {
  site_guard guard;
  auto now = time_point{} + 1h;
  BOOST_TEST(guard.open(now));
  guard.refused(now, now);
  BOOST_TEST(guard.open(now));
  guard.refused(now, now);
  BOOST_TEST(!guard.open(now));
  BOOST_TEST(!guard.open(now + 249ms));
  BOOST_TEST(guard.open(now + 250ms));
}

BOOST_AUTO_TEST_CASE(one_event_at_a_time_tries_again_more_and_more_seldom) {
  site_guard guard;
  auto now = time_point{} + 1h;
  guard.refused(now, now), guard.refused(now, now);
  duration before{};
  for (int i = 0; i < 10; ++i) {
    duration rest{};
    while (!guard.open(now + rest))
      rest += 10ms;
    BOOST_TEST((rest >= before));
    BOOST_TEST((rest <= 8s));
    before = rest;
    now += rest;
    guard.asked(now);
    BOOST_TEST(!guard.open(now));
    guard.refused(now, now);
  }
  BOOST_TEST((before == 8s));
}

BOOST_AUTO_TEST_CASE(who_serves_is_trusted_again) {
  site_guard guard;
  const auto now = time_point{} + 1h;
  for (int i = 0; i < 5; ++i)
    guard.refused(now, now);
  guard.served();
  BOOST_TEST(guard.open(now));
  guard.asked(now);
  BOOST_TEST(guard.open(now));
  guard.refused(now, now);
  BOOST_TEST(guard.open(now));
}

BOOST_AUTO_TEST_CASE(a_burst_that_is_refused_counts_once) {
  site_guard guard;
  const auto now = time_point{} + 1h;
  for (int i = 0; i < 100; ++i)
    guard.refused(now, now + 5ms);
  BOOST_TEST(guard.open(now + 255ms));
}

BOOST_AUTO_TEST_CASE(a_trial_whose_answer_is_lost_is_not_the_last) {
  site_guard guard;
  const auto now = time_point{} + 1h;
  guard.refused(now, now), guard.refused(now, now);
  guard.asked(now + 250ms);
  BOOST_TEST(!guard.open(now + 300ms));
  BOOST_TEST(guard.open(now + 10s));
}

BOOST_AUTO_TEST_SUITE_END()
