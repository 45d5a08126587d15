// Sites that do not tell the truth of their own times, and links that look so.
#include "tests/unit/routing/predictor_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

/// An edge-and-cloud world whose cloud runs a job of 100 ms: 5 events and one
/// keep-alive a second over a link of 40 ms and 100 Mbit/s.
struct witnessed : predictor_world {
  function_index other = *predictor.add_function("other", line{0, 5});
  double rtt_ms = 40, jitter_ms = 2, per_byte = 8e-5;
  double bytes = 1500, work_ms = 100;
  double told_ms = 100; ///< what the cloud says that the job took
  bool pings = true;
  int count = 0;

  double way(double of_bytes) {
    return rtt_ms + of_bytes * per_byte
           + jitter_ms * -std::log(1 - random.uniform());
  }
  void ping() {
    predictor.observe_ping(
      wan, rtt_ms + jitter_ms * -std::log(1 - random.uniform()), now);
  }
  bool event(function_index f, double of_bytes, double took, double told) {
    observation seen;
    seen.function = f;
    seen.site = cloud;
    seen.bytes.up = of_bytes;
    seen.service_ms = told;
    seen.total_ms = took + way(of_bytes);
    seen.at = now;
    return predictor.observe(seen);
  }
  void play_job(double seconds) {
    for (int i = 0; i < seconds * 5; ++i) {
      now += from_ms(200);
      event(classify, bytes, work_ms, std::min(told_ms, work_ms));
      if (pings && ++count % 5 == 0)
        ping();
    }
    predictor.publish(now);
  }
  void play_other(int events) {
    for (int i = 0; i < events; ++i) {
      now += from_ms(200);
      event(other, bytes, 5, 5);
    }
    predictor.publish(now);
  }
  prediction of(function_index f) {
    const auto cell = predictor.cell(f, cloud, now);
    candidate c;
    c.site = cloud;
    c.cell = cell.get();
    event_features event;
    event.bytes.up = bytes;
    return predict(cell->read(), c, event, now);
  }
  double unexplained() const {
    return predictor.health_of(cloud).unexplained_ms;
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(way_check_test)

  BOOST_AUTO_TEST_CASE(a_site_that_understates_its_service_is_found) {
    witnessed w;
    w.play_other(20);
    w.told_ms = 1; // of 100
    w.play_job(70);
    BOOST_TEST(near(w.unexplained(), 99, 0.1));
    BOOST_TEST(
      near(w.predictor.accuracy_of(w.classify, w.cloud).unexplained_ms, 99,
           0.1));
    BOOST_TEST(w.predictor.accuracy_of(w.other, w.cloud).unexplained_ms == 0);
    // The link is what it is, for all functions; the rest is the job's.
    w.play_job(10);
    BOOST_TEST(near(w.of(w.other).network, 42, 0.15));
    BOOST_TEST(near(w.of(w.classify).network, 42, 0.15));
    BOOST_TEST(near(w.of(w.classify).service, 100, 0.15));
    BOOST_TEST(near(w.of(w.other).service, 5, 0.3));
    w.play_other(20);
    BOOST_TEST(near(w.of(w.other).service, 5, 0.3));
    BOOST_TEST(near(w.of(w.classify).total, 142, 0.15));
  }

  BOOST_AUTO_TEST_CASE(it_is_believed_again_when_its_word_fits) {
    witnessed w;
    w.told_ms = 1;
    w.play_job(70);
    BOOST_REQUIRE(w.unexplained() > 0);
    w.told_ms = 100;
    w.play_job(10);
    BOOST_TEST(w.unexplained() == 0);
    BOOST_TEST(near(w.of(w.classify).service, 100, 0.15));
    BOOST_TEST(near(w.of(w.classify).network, 42, 0.15));
  }

  BOOST_AUTO_TEST_CASE(another_functions_bytes_tell_the_rate_that_a_lie_hides) {
    witnessed w;
    w.bytes = 10'000; // 99 ms might be a link of 1 Mbit/s
    w.told_ms = 1;
    w.play_job(70);
    BOOST_TEST(w.unexplained() == 0);
    for (int i = 0; i < 70; ++i) {
      w.event(w.other, 500'000, 5, 5); // at 100 Mbit/s
      w.play_job(1);
    }
    BOOST_TEST(near(w.unexplained(), 99, 0.15));
  }

  /// An uplink of 2 Mbit/s behind a fast downlink: long uploads are no lie.
  BOOST_AUTO_TEST_CASE(a_slow_direction_is_no_lie_though_the_other_is_fast) {
    witnessed w;
    w.bytes = 200'000;
    w.per_byte = 4e-3; // 800 ms
    for (int i = 0; i < 120; ++i) {
      observation seen;
      seen.function = w.other;
      seen.site = w.cloud;
      seen.bytes = {100, 500'000};
      seen.service_ms = 5;
      seen.total_ms = 5 + w.way(100) + 500'000 * 8e-5;
      seen.at = w.now;
      w.predictor.observe(seen);
      w.play_job(1);
      BOOST_TEST(w.unexplained() == 0);
    }
    BOOST_TEST(near(w.of(w.classify).network, 840, 0.1));
  }

  /// Else the rate would look like that of events that took no time, and those
  /// of other functions like lies.
  BOOST_AUTO_TEST_CASE(overstated_times_accuse_no_other_function) {
    witnessed w;
    w.bytes = 60'000;
    w.per_byte = 5e-3; // 300 ms
    for (int i = 0; i < 120; ++i) {
      w.event(w.other, 1e6, 5, 5 + 5000 + 35); // its way would be 5 ms
      w.play_job(1);
      BOOST_TEST(w.unexplained() == 0);
    }
    BOOST_TEST(w.event(w.other, 1e3, 5, 5));
    BOOST_TEST(!w.event(w.other, 1e3, 5, 90)); // parts exceed the whole
    BOOST_TEST(w.predictor.refused() == 1u);
  }

  BOOST_AUTO_TEST_CASE(without_keep_alives_nothing_is_said) {
    witnessed w;
    w.pings = false;
    w.told_ms = 1;
    w.play_job(120);
    BOOST_TEST(w.unexplained() == 0);
    BOOST_TEST(near(w.of(w.classify).total, 142, 0.15)); // as a whole it is right
  }

  BOOST_AUTO_TEST_CASE(small_differences_are_no_lie) {
    witnessed w;
    w.told_ms = 92;
    w.play_job(120);
    BOOST_TEST(w.unexplained() == 0);
  }

  BOOST_AUTO_TEST_CASE(links_that_jitter_step_or_lose_packets_are_no_lie) {
    const auto after = [](auto change) {
      witnessed w;
      w.play_job(40);
      double most = 0;
      for (int i = 0; i < 120; ++i) {
        change(w, i);
        w.play_job(1);
        most = std::max(most, w.unexplained());
      }
      return most;
    };
    BOOST_TEST(after([](auto& w, int) { w.jitter_ms = 40; }) == 0);
    BOOST_TEST(after([](auto& w, int) { w.rtt_ms = 400; }) == 0);
    BOOST_TEST(after([](auto& w, int i) { w.rtt_ms = i % 2 ? 40 : 300; }) == 0);
    BOOST_TEST(after([](auto& w, int i) { w.rtt_ms = 40 + 3 * i; }) == 0);
    BOOST_TEST(after([](auto& w, int) { // one in two waits for a packet
                 w.event(w.classify, w.bytes, 300, 100);
                 w.event(w.classify, w.bytes, 300, 100);
                 w.event(w.classify, w.bytes, 300, 100);
               })
               == 0);
    BOOST_TEST(after([](auto& w, int) { // a link that has become slow
                 w.bytes = 100'000;
                 w.per_byte = 5e-3;
               })
               == 0);
  }

  BOOST_AUTO_TEST_CASE(a_rate_that_falls_is_no_lie) {
    witnessed w;
    w.bytes = 100'000;
    w.play_job(60);
    w.per_byte *= 40; // 8 ms, then 320
    for (int i = 0; i < 120; ++i) {
      w.play_job(1);
      BOOST_TEST(w.unexplained() == 0);
    }
    BOOST_TEST(near(w.of(w.classify).network, 362, 0.15));
  }

  BOOST_AUTO_TEST_CASE(clocks_that_jump_accuse_nobody) {
    witnessed w;
    w.play_job(40);
    for (const int hours : {3, -5, 1, -1})
      for (int i = 0; i < 3; ++i) {
        w.now += std::chrono::hours{hours};
        w.play_job(20);
        BOOST_TEST(w.unexplained() == 0);
      }
    w.told_ms = 1; // and a lie is found as before, also if they do so then
    w.play_job(20);
    w.now -= std::chrono::hours{5};
    w.play_job(80);
    BOOST_TEST(near(w.unexplained(), 99, 0.1));
  }

BOOST_AUTO_TEST_SUITE_END()
