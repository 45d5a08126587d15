#include "libfaas/mqtt/backoff.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace faas;
using namespace faas::mqtt;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(backoff_test)

  BOOST_AUTO_TEST_CASE(pauses_grow_within_their_bounds) {
    for (uint64_t seed = 1; seed <= 200; ++seed) {
      random_source random{seed};
      backoff pauses{{}};
      auto last = duration{1s};
      auto longest = last;
      for (int i = 0; i < 60; ++i) {
        const auto pause = pauses.next(0s, random);
        BOOST_REQUIRE(pause >= 1s);
        BOOST_REQUIRE(pause <= 60s);
        BOOST_REQUIRE(pause <= last * 3);
        last = pause;
        longest = std::max(longest, pause);
      }
      BOOST_TEST(longest > 20s);
    }
  }

  BOOST_AUTO_TEST_CASE(clients_that_fail_together_do_not_come_back_in_step) {
    std::set<duration> pauses;
    for (uint64_t seed = 1; seed <= 100; ++seed) {
      random_source random{seed};
      pauses.insert(backoff{{}}.next(0s, random));
    }
    BOOST_TEST(pauses.size() == 100u);
  }

  BOOST_AUTO_TEST_CASE(only_a_stable_connection_starts_afresh) {
    random_source random{3};
    backoff pauses{{}};
    duration last{};
    for (int i = 0; i < 20 || last < 20s; ++i)
      last = pauses.next(29s, random);
    BOOST_TEST(pauses.next(30s, random).count() <= duration{3s}.count());
  }

  BOOST_AUTO_TEST_CASE(equal_bounds_give_a_constant_pause) {
    random_source random{3};
    backoff pauses{{5ms, 5ms, 1s}};
    for (int i = 0; i < 5; ++i)
      BOOST_TEST(pauses.next(0s, random).count() == duration{5ms}.count());
  }

  BOOST_AUTO_TEST_SUITE_END()
