#include "libfaas/routing/reply_load.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

using namespace faas;
using namespace faas::routing;
using plan = reply_load::plan;

BOOST_AUTO_TEST_SUITE(reply_load_test)

  BOOST_AUTO_TEST_CASE(replies_cross_in_the_order_in_which_they_are_ready) {
    reply_load link;
    BOOST_TEST(link.ahead_ms() == 0);
    link.expect({100, 10});
    link.expect({95, 20}); // sent later, ready before
    BOOST_TEST(link.free_ms() == 125);
    BOOST_TEST(link.ahead_ms() == 30);
    link.expect({300, 5}); // the link is idle until then
    BOOST_TEST(link.free_ms() == 305);
    link.gone({300, 5});
    link.gone({95, 20});
    BOOST_TEST(link.free_ms() == 110);
    link.gone({100, 10});
    BOOST_TEST(link.ahead_ms() == 0);
  }

  BOOST_AUTO_TEST_CASE(what_came_says_how_long_the_next_one_waited) {
    reply_load link;
    const plan first{100, 10}, second{102, 10}, third{200, 10};
    for (const auto& one : {first, second, third})
      link.expect(one);
    BOOST_TEST(link.came(first, 10, 110) == 0);
    BOOST_TEST(link.came(second, 18, 120) == 8); // ready at 102
    BOOST_TEST(link.came(third, 10, 210) == 0);
    BOOST_TEST(link.ahead_ms() == 0);
  }

  /// Believed to take 10 ms each, they take 20: known from when they came.
  BOOST_AUTO_TEST_CASE(a_wait_is_seen_although_the_rate_is_believed_wrong) {
    reply_load link;
    const plan first{100, 10}, second{102, 10};
    link.expect(first);
    link.expect(second);
    BOOST_TEST(link.came(first, 20, 120) == 0);
    BOOST_TEST(link.free_ms() == 130);
    BOOST_TEST(link.came(second, 38, 140) == 18);
  }

  BOOST_AUTO_TEST_CASE(a_longer_way_is_no_wait) {
    reply_load link;
    const plan first{100, 10}, second{102, 10};
    link.expect(first);
    link.expect(second);
    link.came(first, 10, 110);
    BOOST_TEST(link.came(second, 400, 502) == 8);
    link.expect({500, 1});
    BOOST_TEST(link.came({500, 1}, 300, 503) == 80); // four times 20 at most
  }

  BOOST_AUTO_TEST_CASE(small_replies_wait_but_are_in_nobodys_way) {
    reply_load link;
    const plan large{100, 50}, small{100, 0.01};
    link.expect(large);
    link.expect(small);
    BOOST_TEST(link.ahead_ms() == 50);
    BOOST_TEST(link.came(large, 50, 150) == 0);
    BOOST_TEST(link.came(small, 40, 150) == 40);
    BOOST_TEST(link.free_ms() == 150);
  }

  BOOST_AUTO_TEST_CASE(late_ones_still_count_and_unknown_ones_do_no_harm) {
    reply_load link;
    link.expect({100, 10});
    link.expect({110, 10});
    link.came({999, 10}, 10, 500); // of before
    BOOST_TEST(link.free_ms() == 520);
    link.came({110, 10}, 10, 510);
    BOOST_TEST(link.ahead_ms() == 10);
    link.gone({100, 10});
    link.gone({100, 10});
    BOOST_TEST(link.ahead_ms() == 0);
  }

  BOOST_AUTO_TEST_CASE(thousands_are_known_by_their_sum) {
    reply_load link;
    for (int i = 0; i < 5000; ++i)
      link.expect({100.0 + i, 2});
    BOOST_TEST(link.ahead_ms() == 10'000);
    BOOST_TEST(link.free_ms() >= 10'000);
    for (int i = 0; i < 5000; ++i)
      link.gone({100.0 + i, 2});
    BOOST_TEST(link.ahead_ms() == 0);
  }

  /// Beside a link that serves in order: where all is as expected, each reply is
  /// told the wait that it had.
  BOOST_AUTO_TEST_CASE(waits_are_those_of_a_queue) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        random_source random{seed};
        reply_load link;
        std::vector<plan> all;
        double ready = 0;
        for (int i = 0; i < 100; ++i)
          all.push_back({ready += -12 * std::log(1 - random.uniform()),
                         1 + 15 * random.uniform()});
        for (size_t i = all.size(); i-- > 0;)
          link.expect(all[i]);
        double free = 0;
        for (const auto& one : all) {
          const double wait = std::max(0.0, free - one.ready_ms);
          free = std::max(free, one.ready_ms) + one.carry_ms;
          BOOST_REQUIRE_SMALL(
            link.came(one, wait + one.carry_ms, free) - wait, 1e-9);
        }
        BOOST_REQUIRE_SMALL(link.ahead_ms(), 1e-9);
      }
    }
  }

BOOST_AUTO_TEST_SUITE_END()
