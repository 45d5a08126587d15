// What policies that learn by themselves make of events that failed.
#include "trained.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

using namespace faas;
using namespace faas::routing;

namespace {

/// All but `stoic` and `prequal`, which do not learn from failures.
const std::vector<std::string> learning{
  "last-value:explore=0", "ewma:explore=0",         "window-mean:explore=0",
  "peak-ewma",            "scalar-kalman:sample=0", "c3",
  "ridge:explore=0",      "linucb:alpha=0"};

outcome failed_at(unsigned site, double ms, double at) {
  auto made = took(site, ms, at);
  made.service_ms = 0;
  made.failed = true;
  return made;
}

/// Of 200 choices between two sites, how many go to site 0, which has failed.
int chosen(const std::string& text, double usual_there, double fails_ms) {
  random_source random{1};
  auto rule = std::move(*make_policy(text));
  double at = 0;
  for (int i = 0; i < 30; ++i) {
    if (usual_there > 0)
      rule->ended(took(0, usual_there, at += 10));
    rule->ended(took(1, 40, at += 10));
  }
  for (int i = 0; i < 30; ++i)
    rule->ended(failed_at(0, fails_ms, at += 10));
  rule->ended(took(1, 40, at += 10));
  int count = 0;
  for (int i = 0; i < 200; ++i)
    count
      += rule->choose(in_flight({0, 0}), {}, random, after(at)).chosen == 0;
  return count;
}

} // namespace

BOOST_AUTO_TEST_SUITE(failures_test)

  BOOST_AUTO_TEST_CASE(a_site_that_fails_fast_draws_no_events) {
    for (const auto& policy : learning)
      BOOST_TEST_CONTEXT(policy) {
        BOOST_TEST(chosen(policy, 60, 1) == 0); // was slower than the other
        BOOST_TEST(chosen(policy, 60, 0) == 0);
      }
  }

  /// Nothing but failures: as slow as the slowest that answers.
  BOOST_AUTO_TEST_CASE(a_site_that_only_fails_is_not_the_best) {
    for (const auto& policy : learning) {
      random_source random{1};
      auto rule = std::move(*make_policy(policy));
      double at = 0;
      for (int i = 0; i < 30; ++i) {
        rule->ended(took(1, 40, at += 10));
        rule->ended(took(2, 60, at += 10));
      }
      for (int i = 0; i < 30; ++i)
        rule->ended(failed_at(0, 1, at += 10));
      int count = 0;
      for (int i = 0; i < 200; ++i) // it has one more under way: it is known
        count += rule->choose(in_flight({1, 1}), {}, random, after(at)).chosen
                 == 0;
      BOOST_TEST(count == 0, policy);
    }
  }

  BOOST_AUTO_TEST_CASE(a_site_that_fails_before_any_has_answered_is_not_the_best) {
    for (const auto& policy : learning) {
      random_source random{1};
      auto rule = std::move(*make_policy(policy));
      rule->ended(failed_at(0, 1, 10));
      double at = 10;
      for (int i = 0; i < 10; ++i) {
        rule->ended(took(1, 40, at += 10));
        rule->ended(failed_at(0, 1, at += 10));
      }
      for (int i = 0; i < 50; ++i)
        BOOST_TEST(rule->choose(in_flight({1, 1}), {}, random, after(at)).chosen
                     == 1,
                   policy);
    }
  }

  BOOST_AUTO_TEST_CASE(a_site_that_fails_slowly_is_slow) {
    for (const auto& policy : learning)
      BOOST_TEST(chosen(policy, 20, 5000) == 0, policy);
  }

  BOOST_AUTO_TEST_CASE(fast_failures_leave_a_good_site_as_it_was) {
    for (const auto& policy : learning)
      BOOST_TEST(chosen(policy, 20, 1) == 200, policy);
  }

BOOST_AUTO_TEST_SUITE_END()
