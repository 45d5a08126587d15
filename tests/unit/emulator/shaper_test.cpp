// When bytes arrive over an emulated link.
#include "tools/link-emulator/shaper.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace faas;
using namespace faas::emulator;

namespace {

time_point at(double ms) {
  return time_point{} + from_ms(1000 + ms);
}
double ms(time_point when) {
  return to_ms(when - at(0));
}

} // namespace

BOOST_AUTO_TEST_SUITE(shaper_test)

  BOOST_AUTO_TEST_CASE(bytes_wait_for_those_ahead_then_travel) {
    shaper queue{1};
    link_shape link;
    link.one_way_ms = 20;
    link.mbit = 8; // a byte each microsecond
    BOOST_TEST(ms(queue.arrival(link, 1000, at(0))) == 21,
               boost::test_tools::tolerance(1e-6));
    BOOST_TEST(ms(queue.arrival(link, 2000, at(0))) == 23,
               boost::test_tools::tolerance(1e-6));
    BOOST_TEST(to_ms(queue.backlog(at(1))) == 2,
               boost::test_tools::tolerance(1e-6));
    BOOST_TEST(ms(queue.arrival(link, 1000, at(50))) == 71,
               boost::test_tools::tolerance(1e-6));
  }

  BOOST_AUTO_TEST_CASE(exponential_jitter_has_its_mean_and_keeps_order) {
    shaper queue{7};
    link_shape link;
    link.one_way_ms = 10;
    link.jitter_ms = 4;
    link.law = jitter_law::exponential;
    double sum = 0, beyond = 0;
    const int count = 20'000;
    auto last = at(0);
    for (int i = 0; i < count; ++i) {
      const auto sent = at(1000.0 * (i + 1)); // never in each other's way
      const auto there = queue.arrival(link, 100, sent);
      const auto extra = to_ms(there - sent) - 10;
      BOOST_TEST_REQUIRE(extra >= 0);
      sum += extra;
      beyond += extra > 4;
      BOOST_TEST_REQUIRE((there >= last));
      last = there;
    }
    BOOST_TEST(sum / count == 4, boost::test_tools::tolerance(0.03));
    BOOST_TEST(beyond / count == std::exp(-1),
               boost::test_tools::tolerance(0.03));
    // Sent at once after one another, later ones do not overtake.
    for (int i = 0; i < 1000; ++i) {
      const auto there = queue.arrival(link, 100, at(3e7 + 1.5 * i));
      BOOST_TEST_REQUIRE((there >= last));
      last = there;
    }
  }

  BOOST_AUTO_TEST_CASE(pieces_of_one_event_share_their_jitter) {
    link_shape link;
    link.jitter_ms = 50;
    link.law = jitter_law::exponential;
    link.mbit = 80;
    for (uint64_t seed = 1; seed < 20; ++seed) {
      shaper queue{seed};
      const auto first = queue.arrival(link, 4096, at(0));
      auto last = first;
      for (int i = 1; i < 25; ++i)
        last = queue.arrival(link, 4096, at(0.05 * i));
      BOOST_TEST(to_ms(last - first) == 24 * 4096 * 8 / 80e3,
                 boost::test_tools::tolerance(1e-3));
    }
  }

  BOOST_AUTO_TEST_CASE(what_is_lost_is_late_with_all_behind_it) {
    shaper queue{5};
    link_shape link;
    link.one_way_ms = 10;
    link.loss = 0.1;
    int late = 0;
    const int count = 20'000;
    for (int i = 0; i < count; ++i) {
      const auto sent = at(1000.0 * i);
      const auto took = to_ms(queue.arrival(link, 1000, sent) - sent);
      const bool lost = took > 11;
      BOOST_TEST_REQUIRE(
        took == (lost ? 50.0 : 10.0),
        boost::test_tools::tolerance(1e-6)); // and two round trips
      late += lost;
      if (lost) // what follows has the head of the line before it
        BOOST_TEST_REQUIRE(
          to_ms(queue.arrival(link, 1000, sent + from_ms(1)) - sent)
          >= 50 - 1e-6);
    }
    BOOST_TEST(late / double(count) == 0.1, boost::test_tools::tolerance(0.06));
    // Ten packets are lost ten times as easily.
    shaper other{6};
    link.loss = 0.01;
    late = 0;
    for (int i = 0; i < count; ++i) {
      const auto sent = at(1000.0 * i);
      late += to_ms(other.arrival(link, 14480, sent) - sent) > 11;
    }
    BOOST_TEST(late / double(count) == 1 - std::pow(0.99, 10),
               boost::test_tools::tolerance(0.06));
  }

  BOOST_AUTO_TEST_CASE(a_step_holds_from_the_next_bytes_on) {
    shaper queue{1};
    link_shape link;
    link.one_way_ms = 100;
    BOOST_TEST(ms(queue.arrival(link, 1, at(0))) == 100,
               boost::test_tools::tolerance(1e-6));
    link.one_way_ms = 10; // shorter: but what is under way is not overtaken
    BOOST_TEST(ms(queue.arrival(link, 1, at(5))) == 100,
               boost::test_tools::tolerance(1e-6));
    BOOST_TEST(ms(queue.arrival(link, 1, at(200))) == 210,
               boost::test_tools::tolerance(1e-6));
    link.jitter_ms = 5;
    queue.arrival(link, 1, at(400));
    link.jitter_ms = 0; // ends at once, also for a draw that still holds
    BOOST_TEST(ms(queue.arrival(link, 1, at(500))) == 510,
               boost::test_tools::tolerance(1e-6));
  }

  BOOST_AUTO_TEST_SUITE_END()
