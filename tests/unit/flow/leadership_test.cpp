#include "libfaas/flow/leadership.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace std::chrono_literals;

namespace {

using step = leadership::step;

struct leadership_world {
  /// Another controller's view of the same lease: free from here on, at the
  /// earliest.
  time_point free_at(time_point asked) const { return asked + terms.ttl; }

  leadership::options terms;
  leadership one{terms};
  random_source random{1};
  time_point start{1h};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(leadership_test, leadership_world)

  BOOST_AUTO_TEST_CASE(it_asks_at_once_and_leads_when_granted) {
    BOOST_TEST((one.due(start) == step::acquire));
    BOOST_TEST(!one.leads(start));
    BOOST_TEST(one.held(start).token == 0u);
    one.granted(start, {"a", 7});
    BOOST_TEST(one.leads(start));
    BOOST_TEST(one.held(start).token == 7u);
    BOOST_TEST((one.due(start) == step::wait));
    BOOST_TEST((one.due(one.next()) == step::renew));
  }

  BOOST_AUTO_TEST_CASE(the_term_counts_from_the_question) {
    // The answer took 2 s: the store counted from somewhere between.
    one.granted(start, {"a", 7});
    const auto end = free_at(start) - terms.margin;
    BOOST_TEST(one.leads(end - 1ns));
    BOOST_TEST(!one.leads(end));
    BOOST_TEST(one.held(end).token == 0u);
    BOOST_TEST((one.due(end) == step::acquire));
  }

  BOOST_AUTO_TEST_CASE(renewals_extend_the_term_and_failures_do_not) {
    one.granted(start, {"a", 7});
    auto now = start;
    for (int i = 0; i < 100; ++i) {
      now = one.next();
      BOOST_REQUIRE((one.due(now) == step::renew));
      one.renewed(now);
      BOOST_REQUIRE(one.leads(now));
    }
    const auto last = now;
    int attempts = 0;
    for (now = one.next(); one.leads(now); now = one.next()) {
      BOOST_REQUIRE((one.due(now) == step::renew));
      one.failed(now);
      ++attempts;
    }
    BOOST_TEST(attempts >= 3);
    BOOST_TEST((now == last + terms.ttl - terms.margin));
    BOOST_TEST((now < free_at(last)));
    // Only an answer gives it back.
    BOOST_TEST((one.due(now + 1s) == step::acquire));
    one.granted(now + 1s, {"a", 9});
    BOOST_TEST(one.held(now + 1s).token == 9u);
  }

  BOOST_AUTO_TEST_CASE(a_stopped_leader_wakes_up_without_a_term) {
    one.granted(start, {"a", 7});
    const auto later = start + 1min;
    BOOST_TEST(!one.leads(later));
    BOOST_TEST((one.due(later) == step::acquire));
  }

  BOOST_AUTO_TEST_CASE(a_lost_lease_ends_the_term_at_once) {
    one.granted(start, {"a", 7});
    one.lost(start + 10ms);
    BOOST_TEST(!one.leads(start + 10ms));
    BOOST_TEST((one.due(start + 10ms) == step::acquire));
  }

  BOOST_AUTO_TEST_CASE(a_standby_takes_over_soon_after_the_lease_ran_out) {
    duration longest{};
    for (uint64_t seed = 1; seed <= 500; ++seed) {
      random_source dice{seed};
      leadership standby{terms};
      // The leader renewed just before it was killed at `start`.
      const auto free = free_at(start);
      auto now = start - duration{dice.below(400'000'000)};
      while (now < free) {
        standby.refused(now, free - now, dice);
        BOOST_REQUIRE((standby.next() > now));
        BOOST_REQUIRE((standby.next() - now <= 2 * terms.ask_every));
        now = standby.next();
        BOOST_REQUIRE((standby.due(now) == step::acquire));
      }
      longest = std::max(longest, now - start);
    }
    BOOST_TEST((longest < 5s - 1s)); // a second for loading
  }

BOOST_AUTO_TEST_SUITE_END()
