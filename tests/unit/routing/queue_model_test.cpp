#include "libfaas/routing/queue_model.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace faas;
using namespace faas::routing;

BOOST_AUTO_TEST_SUITE(queue_model_test)

  BOOST_AUTO_TEST_CASE(a_free_server_means_no_wait) {
    BOOST_TEST(own_wait_ms(0, 0, 1, 0) == 0);
    BOOST_TEST(own_wait_ms(3, 100, 4, 0) == 0);
  }

  BOOST_AUTO_TEST_CASE(behind_one_server_all_work_is_waited_for) {
    BOOST_TEST(own_wait_ms(1, 50, 1, 0) == 50);
    BOOST_TEST(own_wait_ms(4, 200, 1, 0) == 200);
  }

  BOOST_AUTO_TEST_CASE(behind_c_servers_only_the_surplus_counts) {
    BOOST_TEST(own_wait_ms(4, 100, 4, 0) == 25); // (4 - 4 + 1) / 4
    BOOST_TEST(own_wait_ms(8, 200, 4, 0) == 125);
  }

  BOOST_AUTO_TEST_CASE(work_done_during_the_journey_is_not_waited_for) {
    BOOST_TEST(own_wait_ms(1, 50, 1, 20) == 30);
    BOOST_TEST(own_wait_ms(1, 50, 1, 80) == 0);
  }

  BOOST_AUTO_TEST_CASE(reports_fade_with_age) {
    BOOST_TEST(external_wait_ms(100, 0) == 100);
    BOOST_TEST(external_wait_ms(100, 500) == 100 / std::exp(1.0),
               boost::test_tools::tolerance(1e-9));
    BOOST_TEST(external_wait_ms(100, 60'000) < 1e-3);
    BOOST_TEST(external_wait_ms(100, -5) == 100); // clocks of two threads
    BOOST_TEST(external_wait_ms(-1, 0) == 0);
  }

  BOOST_AUTO_TEST_CASE(site_load_drains_with_time) {
    site_load load;
    time_point now{};
    BOOST_TEST(load.drain_ms(now) == 0);
    load.start(100, 20, now);
    BOOST_TEST(load.in_flight() == 1u);
    BOOST_TEST(load.drain_ms(now) == 120);
    load.start(50, 20, now);
    BOOST_TEST(load.drain_ms(now + from_ms(50)) == 120);
    load.finish(100, 20, now + from_ms(140)); // ended there at 120
    BOOST_TEST(load.drain_ms(now + from_ms(140)) == 30);
    load.finish(50, 20, now + from_ms(190));
    BOOST_TEST(load.in_flight() == 0u);
    BOOST_TEST(load.drain_ms(now + from_ms(190)) == 0);
  }

  BOOST_AUTO_TEST_CASE(an_event_that_runs_over_is_never_quite_done) {
    site_load load;
    load.start(100, 0, time_point{});
    BOOST_TEST(load.drain_ms(time_point{} + from_ms(1000)) == 10);
  }

  BOOST_AUTO_TEST_CASE(finishing_what_never_started_does_nothing) {
    site_load load;
    load.finish(10, 0, time_point{});
    BOOST_TEST(load.in_flight() == 0u);
    load.start(10, 0, time_point{});
    BOOST_TEST(load.drain_ms(time_point{}) == 10);
  }

  BOOST_AUTO_TEST_CASE(predicts_a_fifo_server_when_times_are_known) {
    random_source random{1};
    site_load load;
    const double transit = 15, back = 10;
    struct job {
      double end, service;
    };
    std::vector<job> open;
    double free = 0, now = 0, error = 0;
    for (int i = 0; i < 500; ++i) {
      now += -std::log(1 - random.uniform()) * 40;
      const auto at = [](double ms) { return time_point{} + from_ms(ms); };
      std::sort(open.begin(), open.end(),
                [](const job& a, const job& b) { return a.end < b.end; });
      while (!open.empty() && open.front().end + back <= now) {
        load.finish(open.front().service, back, at(open.front().end + back));
        open.erase(open.begin());
      }
      const double predicted
        = own_wait_ms(load.in_flight(), load.drain_ms(at(now)), 1, transit);
      const double service = 5 + random.uniform() * 50;
      const double truth = std::max(0.0, free - (now + transit));
      // A tenth of a mean service may be taken for left; gaps between events on
      // their way are not kept after a finish.
      BOOST_REQUIRE_SMALL(predicted - truth, transit);
      error += std::abs(predicted - truth) / 500;
      free = std::max(free, now + transit) + service;
      load.start(service, transit, at(now));
      open.push_back({free, service});
    }
    BOOST_TEST(error < 0.5); // ms, at a mean service of 30
  }

  BOOST_AUTO_TEST_CASE(link_load_counts_bytes_still_ahead) {
    link_load link;
    time_point now{};
    BOOST_TEST(link.backlog_bytes(1e-3, now) == 0);
    link.send(50'000, 1e-3, now); // 50 ms
    link.send(10'000, 1e-3, now);
    BOOST_TEST(link.backlog_bytes(1e-3, now + from_ms(20)) == 40'000,
               boost::test_tools::tolerance(1e-6));
    BOOST_TEST(link.backlog_bytes(1e-3, now + from_ms(100)) == 0);
    BOOST_TEST(link.backlog_bytes(0, now) == 0);
  }

  BOOST_AUTO_TEST_SUITE_END()
