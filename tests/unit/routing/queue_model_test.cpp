#include "libfaas/routing/queue_model.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace faas;
using namespace faas::routing;

namespace {

time_point at(double ms) {
  return time_point{} + from_ms(ms);
}

} // namespace

BOOST_AUTO_TEST_SUITE(queue_model_test)

  BOOST_AUTO_TEST_CASE(others_fade_to_what_is_usual_and_that_is_forgotten) {
    const auto near = boost::test_tools::tolerance(1e-3);
    BOOST_TEST(others_now({10, 0, 2}) == 10);
    BOOST_TEST(others_now({10, 500, 0}) == 10 / std::exp(1.0), near);
    BOOST_TEST(others_now({0, 3000, 4}) == 4 * std::exp(-0.15), // usual again
               boost::test_tools::tolerance(0.01));
    BOOST_TEST(others_now({10, 200'000, 4}) < 1e-3);
    BOOST_TEST(others_now({10, -5, 2}) == 10); // clocks of two threads
  }

  BOOST_AUTO_TEST_CASE(others_send_as_this_router_does) {
    BOOST_TEST(others_now({1, 0, 1, 2, 3}) == 7); // two sent since, three each
    BOOST_TEST(others_now({1, 0, 1, -2, 3}) == 1);
  }

  BOOST_AUTO_TEST_CASE(others_delay_only_when_no_server_is_idle) {
    BOOST_TEST(others_wait_ms(1, 0, 1, 10) == 10); // M/M/1: behind one
    BOOST_TEST(others_wait_ms(1, 0, 2, 10) == 0);
    BOOST_TEST(others_wait_ms(2, 0, 2, 10) == 5); // the first of two to end
    BOOST_TEST(others_wait_ms(1, 1, 2, 10) == 5);
    BOOST_TEST(others_wait_ms(3, 4, 2, 10) == 15); // besides the own wait
    BOOST_TEST(others_wait_ms(0, 0, 4, 10) == 0);
  }

  /// Mean number and throughput (service rate 1) of M/M/1 with room for `most`.
  std::pair<double, double> limited(double offered, int most) {
    double weight = 1, sum = 0, number = 0, busy = 0;
    for (int n = 0; n <= most; ++n, weight *= offered) {
      sum += weight;
      number += n * weight;
      busy += n > 0 ? weight : 0;
    }
    return {number / sum, busy / sum};
  }

  BOOST_AUTO_TEST_CASE(crowding_is_whittles_index_of_a_station) {
    for (const double offered : {0.2, 0.9, 1.0, 1.6, 3.0})
      for (int n = 0; n <= 5; ++n)
        BOOST_TEST_CONTEXT(offered << " offered, " << n << " ahead") {
          const auto [many, served] = limited(offered, n + 1);
          const auto [fewer, less] = limited(offered, n);
          const double index = (many - fewer) / (served - less);
          const double own = n + 1;
          if (index - own < 16 * own)
            BOOST_TEST(own + crowding(n, offered) == index,
                       boost::test_tools::tolerance(1e-6));
          else
            BOOST_TEST(crowding(n, offered) == 16 * own);
        }
  }

  BOOST_AUTO_TEST_CASE(crowding_rises_with_what_is_ahead_and_is_bounded) {
    for (const double offered : {0.01, 0.5, 2.0, 100.0, 1e300}) {
      double last = 0;
      for (double ahead = 0; ahead < 40; ahead += 0.05) {
        const double now = crowding(ahead, offered);
        BOOST_TEST(now >= last);
        BOOST_TEST(now <= 16 * (ahead + 1) * (1 + 1e-12));
        last = now;
      }
    }
    BOOST_TEST(crowding(0, 3) == 0); // who finds it idle crowds nobody
    BOOST_TEST(crowding(0.5, 3) == 1.5);
  }

  BOOST_AUTO_TEST_CASE(crowding_is_by_the_work_that_is_ahead) {
    const auto near = boost::test_tools::tolerance(1e-9);
    BOOST_TEST(crowding_ms(8, 20, 10, 0.7) == 8 * crowding(2, 0.7), near);
    BOOST_TEST(crowding_ms(8, 16, 0, 0.7) == 8 * crowding(2, 0.7), near);
    BOOST_TEST(crowding_ms(8, 0, 10, 0.7) == 0);
    BOOST_TEST(crowding_ms(0, 20, 0, 0.7) == 0);
    BOOST_TEST(crowding_ms(8, 20, 10, 0) == 0);
    BOOST_TEST(std::isfinite(crowding_ms(1e7, 1e7, 1e-9, 1e9)));
  }

  BOOST_AUTO_TEST_CASE(a_static_split_imposes_krishnans_rule) {
    // One server, mu = 0.1 per ms, rho = 0.8, three there: whole cost (n + 1) /
    // (mu - lambda) = 200 ms, own part 40 ms.
    const double rho = 0.8, load = rho / (1 - rho);
    BOOST_TEST(split_ms(30, 10, load) == 160,
               boost::test_tools::tolerance(1e-9));
    BOOST_TEST(split_ms(30, 10, 0) == 0);
  }

  BOOST_AUTO_TEST_CASE(a_free_server_means_no_wait) {
    site_load load{4};
    BOOST_TEST(load.free_in_ms(at(0)) == 0);
    for (int i = 0; i < 3; ++i)
      load.start(100, 0, at(0));
    BOOST_TEST(load.free_in_ms(at(0)) == 0);
    load.start(80, 0, at(0));
    BOOST_TEST(load.free_in_ms(at(0)) == 80); // the first that will end
    load.start(10, 0, at(0));
    BOOST_TEST(load.free_in_ms(at(0)) == 90); // it waits for that one
  }

  BOOST_AUTO_TEST_CASE(site_load_drains_with_time) {
    site_load load;
    load.start(100, 20, at(0));
    BOOST_TEST(load.in_flight() == 1u);
    BOOST_TEST(load.free_in_ms(at(0)) == 120);
    load.start(50, 20, at(0));
    BOOST_TEST(load.free_in_ms(at(50)) == 120);
    BOOST_TEST(load.finish(100, 20, at(140)) == 1u); // ended there at 120
    BOOST_TEST(load.free_in_ms(at(140)) == 30);
    BOOST_TEST(load.finish(50, 20, at(190)) == 0u);
    BOOST_TEST(load.in_flight() == 0u);
    BOOST_TEST(load.free_in_ms(at(190)) == 0);
  }

  BOOST_AUTO_TEST_CASE(who_is_still_on_the_way_is_not_there) {
    site_load load;
    load.start(10, 0, at(0));
    load.start(11, 50, at(0));
    BOOST_TEST(load.finish(10, 2, at(12)) == 0u); // the other arrives at 50
  }

  BOOST_AUTO_TEST_CASE(an_early_return_brings_those_behind_forward) {
    site_load load;
    load.start(100, 0, at(0));
    load.start(30, 0, at(0));
    BOOST_TEST(load.free_in_ms(at(0)) == 130);
    load.finish(100, 0, at(40));
    BOOST_TEST(load.free_in_ms(at(40)) == 30);
  }

  BOOST_AUTO_TEST_CASE(one_that_overtakes_leaves_the_others_where_they_are) {
    site_load load{2};
    load.start(100, 0, at(0)); // late
    load.start(20, 0, at(0));
    load.start(20, 0, at(0));
    load.finish(20, 0, at(20));
    BOOST_TEST(load.free_in_ms(at(20)) == 20); // the third began at 20
    load.finish(20, 0, at(40));
    BOOST_TEST(load.free_in_ms(at(40)) == 0);
    BOOST_TEST(load.in_flight() == 1u);
  }

  BOOST_AUTO_TEST_CASE(an_event_that_runs_over_is_never_quite_done) {
    site_load load;
    load.start(100, 0, at(0));
    BOOST_TEST(load.free_in_ms(at(1000)) == 10);
  }

  BOOST_AUTO_TEST_CASE(more_than_it_looks_at_count_by_their_sum) {
    site_load load{2};
    for (int i = 0; i < 1000; ++i)
      load.start(10, 0, at(0));
    BOOST_TEST(load.in_flight() == 1000u);
    BOOST_TEST(load.free_in_ms(at(0)) == 5000);
    for (int i = 0; i < 1000; ++i)
      load.finish(10, 0, at(0));
    BOOST_TEST(load.in_flight() == 0u);
    BOOST_TEST(load.free_in_ms(at(0)) == 0);
  }

  BOOST_AUTO_TEST_CASE(servers_that_come_or_go_count_for_what_is_planned) {
    const time_point now{std::chrono::hours{1}};
    site_load load{1};
    load.start(10, 0, now);
    load.start(10, 0, now);
    BOOST_TEST(load.free_in_ms(now) == 20);
    load.set_servers(3); // one of them busy until both are done, by that plan
    load.start(30, 0, now);
    BOOST_TEST(load.free_in_ms(now) == 0);
    load.finish(10, 0, now + from_ms(10), 10);
    BOOST_TEST(load.free_in_ms(now + from_ms(10)) == 0); // two of three
    load.set_servers(1);
    load.finish(10, 0, now + from_ms(20), 20);
    BOOST_TEST(load.free_in_ms(now + from_ms(20)) == 10);
    load.start(5, 0, now + from_ms(20));
    BOOST_TEST(load.free_in_ms(now + from_ms(20)) == 15);
    load.set_servers(0); // bounded
    BOOST_TEST(load.in_flight() == 2u);
  }

  BOOST_AUTO_TEST_CASE(finishing_what_never_started_does_nothing) {
    site_load load;
    load.finish(10, 0, at(0));
    BOOST_TEST(load.in_flight() == 0u);
    load.start(10, 0, at(0));
    BOOST_TEST(load.free_in_ms(at(0)) == 10);
  }

  /// Against c servers whose times are known in advance.
  BOOST_AUTO_TEST_CASE(predicts_servers_when_times_are_known) {
    for (const size_t servers : {1, 2, 5}) {
      random_source random{servers};
      site_load load{static_cast<double>(servers)};
      const double transit = 15, back = 10;
      struct job {
        double end, service;
      };
      std::vector<job> open;
      std::vector<double> free(servers, 0.0);
      double now = 0, error = 0;
      for (int i = 0; i < 500; ++i) {
        now += -std::log(1 - random.uniform()) * 40
               / static_cast<double>(servers);
        std::sort(open.begin(), open.end(),
                  [](const job& a, const job& b) { return a.end < b.end; });
        while (!open.empty() && open.front().end + back <= now) {
          load.finish(open.front().service, back, at(open.front().end + back));
          open.erase(open.begin());
        }
        const double predicted
          = std::max(0.0, load.free_in_ms(at(now)) - transit);
        const double service = 5 + random.uniform() * 50;
        const auto soonest = std::min_element(free.begin(), free.end());
        const double truth = std::max(0.0, *soonest - (now + transit));
        error += std::abs(predicted - truth) / 500;
        *soonest = std::max(*soonest, now + transit) + service;
        load.start(service, transit, at(now));
        open.push_back({*soonest, service});
      }
      BOOST_TEST_CONTEXT("servers " << servers)
      BOOST_TEST(error < 0.5); // ms, at a mean service of 30
    }
  }

  BOOST_AUTO_TEST_CASE(link_load_counts_bytes_still_ahead) {
    link_load link;
    BOOST_TEST(link.backlog_ms(at(0)) == 0);
    link.send(50'000, 1e-3, at(0)); // 50 ms
    link.send(10'000, 1e-3, at(0));
    BOOST_TEST(link.backlog_ms(at(20)) == 40);
    BOOST_TEST(link.backlog_ms(at(100)) == 0);
  }

  BOOST_AUTO_TEST_CASE(what_has_crossed_a_link_corrects_it) {
    link_load link;
    link.send(10'000, 2e-3, at(0)); // believed to take 20 ms each
    link.send(10'000, 2e-3, at(1));
    link.send(10'000, 2e-3, at(2));
    BOOST_TEST(link.backlog_ms(at(12)) == 48);
    link.crossed(10'000, at(1), 18, 1e-3); // the second was over at 19
    BOOST_TEST(link.backlog_ms(at(12)) == 17); // the third takes 10 more
    link.crossed(10'000, at(0), 10, 1e-3); // of the first that says nothing new
    BOOST_TEST(link.backlog_ms(at(12)) == 17);
    link.crossed(10'000, at(99), 10, 1e-3); // never sent
    BOOST_TEST(link.backlog_ms(at(12)) == 17);
  }

  BOOST_AUTO_TEST_CASE(a_link_tells_afterwards_how_long_one_waited) {
    link_load link;
    link.send(10'000, 5e-3, at(0)); // believed to take 50 ms each; it is 10
    link.send(10'000, 5e-3, at(2));
    link.send(10'000, 5e-3, at(4));
    link.send(10'000, 5e-3, at(90));
    BOOST_TEST(*link.crossed(10'000, at(0), 10, 5e-3) == 0);
    BOOST_TEST(*link.crossed(10'000, at(2), 18, 5e-3) == 8);
    BOOST_TEST(*link.crossed(10'000, at(4), 26, 5e-3) == 16);
    BOOST_TEST(*link.crossed(10'000, at(90), 10, 5e-3) == 0); // it was idle
    BOOST_TEST(!link.crossed(10'000, at(90), 10, 5e-3));      // twice
  }

  BOOST_AUTO_TEST_CASE(also_of_those_that_come_back_in_another_order) {
    link_load link;
    for (int i = 0; i < 4; ++i)
      link.send(1000.0 + i, 1e-2, at(i)); // 10 ms each
    BOOST_TEST(*link.crossed(1002, at(2), 28, 1e-2) == 18.01, // two before it
               boost::test_tools::tolerance(1e-9));
    BOOST_TEST(*link.crossed(1001, at(1), 19, 1e-2) == 9);
    BOOST_TEST(*link.crossed(1000, at(0), 10, 1e-2) == 0);
    BOOST_TEST(!link.crossed(1000, at(0), 10, 1e-2));
    // What does not fit its way says nothing: its bytes took what is believed.
    BOOST_TEST(*link.crossed(1003, at(3), 12, 1e-2) == 12 - 10.03,
               boost::test_tools::tolerance(1e-9));
  }

  BOOST_AUTO_TEST_CASE(a_longer_way_is_no_wait) {
    link_load link;
    for (int i = 0; i < 3; ++i)
      link.send(1000, 1e-4, at(i)); // 0.1 ms each
    BOOST_TEST(*link.crossed(1000, at(0), 80, 1e-4) == 0);
    BOOST_TEST(*link.crossed(1000, at(1), 80, 1e-4) == 4 * 0.1,
               boost::test_tools::tolerance(1e-9));
    BOOST_TEST(*link.crossed(1000, at(2), 80, 1e-4) == 4 * 0.2,
               boost::test_tools::tolerance(1e-9));
  }

  BOOST_AUTO_TEST_CASE(those_that_never_come_back_are_forgotten) {
    link_load link;
    double now = 0;
    const auto lose = [&](int count) {
      for (int i = 0; i < count; ++i)
        link.send(1000, 1e-3, at(now += 2));
    };
    lose(1);
    const double first = now;
    lose(3000);
    link.send(500, 1e-3, at(now += 2));
    BOOST_TEST(*link.crossed(500, at(now), 0.5, 1e-3) == 0);
    BOOST_TEST(!link.crossed(1000, at(first), 1, 1e-3)); // only the last 1024
    BOOST_TEST(*link.crossed(1000, at(now - 2), 1, 1e-3) == 0);
  }

  BOOST_AUTO_TEST_CASE(a_link_that_was_idle_began_again_later) {
    link_load link;
    link.send(10'000, 1e-3, at(0));
    link.send(10'000, 1e-3, at(100)); // idle from 10 to 100
    link.crossed(10'000, at(0), 10, 1e-3);
    BOOST_TEST(link.backlog_ms(at(100)) == 10);
  }

  BOOST_AUTO_TEST_CASE(a_wrong_rate_does_not_pile_up_bytes) {
    link_load link; // 8 ms each 10 ms, believed to be 12 ms
    double free = 0;
    std::vector<std::pair<double, double>> open;
    for (double now = 0; now < 20'000; now += 10) {
      link.send(8000, 1.5e-3, at(now));
      free = std::max(free, now) + 8;
      open.push_back({now, free});
      while (!open.empty() && open.front().second + 20 < now) {
        link.crossed(8000, at(open.front().first),
                     open.front().second - open.front().first, 1.5e-3);
        open.erase(open.begin());
      }
    }
    BOOST_TEST(link.backlog_ms(at(20'000)) < 30);
  }

  BOOST_AUTO_TEST_CASE(those_behind_a_late_one_are_late) {
    site_load load;
    load.start(10, 100, at(0)); // expected there at 100
    load.start(20, 110, at(0));
    // It came at 150 and took 10; so the other will be there at 160.
    BOOST_TEST(load.finish(10, 5, at(165), 10) == 1u);
    BOOST_TEST(load.free_in_ms(at(165)) == 15);
  }

    /// Loops read the clock before they take their turn.
  BOOST_AUTO_TEST_CASE(link_load_finds_events_sent_out_of_order) {
    link_load link;
    const auto at = [](double ms) { return time_point{} + from_ms(ms); };
    for (const double ms : {1000.0, 1002.0, 1001.0, 1003.0, 1002.5})
      link.send(100, 0.01, at(ms));
    BOOST_TEST(link.crossed(100, at(1000), 1, 0.01).has_value());
    BOOST_TEST(link.crossed(100, at(1001), 2, 0.01).has_value());
    BOOST_TEST(link.crossed(100, at(1002.5), 3, 0.01).has_value());
    BOOST_TEST(link.crossed(100, at(1002), 3, 0.01).has_value()); // overtaken
    BOOST_TEST(!link.crossed(100, at(1002), 3, 0.01).has_value());
  }

  BOOST_AUTO_TEST_CASE(link_load_minds_no_fractions_of_bytes) {
    link_load link;
    double now = 1000;
    for (int i = 0; i < 20000; ++i) {
      const double bytes = 100.1 + i % 7 * 0.3;
      const auto sent = time_point{} + from_ms(now += 10);
      link.send(bytes, 1e-3, sent);
      const auto waited = link.crossed(bytes, sent, 0.1, 1e-3);
      BOOST_TEST_REQUIRE((waited && *waited == 0)); // it was alone
    }
  }

  /// More than are planned one by one: those behind them are not forgotten while
  /// the first ones return.
  BOOST_AUTO_TEST_CASE(a_long_queue_is_kept_to_its_end) {
    for (const double servers : {1.0, 4.0}) {
      site_load load{servers};
      const auto at = [](double ms) { return time_point{} + from_ms(1e6 + ms); };
      constexpr int all = 400;
      for (int i = 0; i < all; ++i)
        load.start(10, 0, at(0));
      for (int i = 0; i < all; ++i) {
        const double now = 10 * (1 + std::floor(i / servers));
        load.finish(10, 0, at(now), now);
        const double left = 10 * std::floor((all - i - 1) / servers);
        BOOST_TEST_CONTEXT(servers << " servers, " << i << " are back")
          BOOST_TEST(std::abs(load.free_in_ms(at(now)) - left)
                     <= 20 + 0.1 * left);
        if (i % 3 == 0) { // and others come
          load.start(10, 0, at(now));
          BOOST_TEST(load.free_in_ms(at(now)) >= left - 20 - 0.1 * left);
          load.finish(10, 0, at(now), now);
        }
      }
      BOOST_TEST(load.free_in_ms(at(1e5)) == 0);
    }
  }

BOOST_AUTO_TEST_SUITE_END()
