// What events tell of a link that is full, slower, or loses packets.
#include "tests/unit/routing/predictor_world.hpp"

#include "libfaas/routing/queue_model.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <vector>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

using world = predictor_world;

} // namespace

BOOST_AUTO_TEST_SUITE(busy_links_test)

  /// A router and the cloud's link: events in order, each with so many bytes.
  struct one_link : world {
    struct sent {
      double at, over;
    };
    link_load link;
    std::deque<sent> open;
    double clock = 0, free = 0, bytes = 20'000, each_ms = 8, rtt_ms = 40;
    const double work_ms = 10;
    const double start = to_ms(now.time_since_epoch());

    time_point at(double ms) const { return time_point{} + from_ms(start + ms); }
    void send() {
      free = std::max(free, clock) + each_ms;
      link.send(bytes, belief_of(*this, cloud).up_ms_per_byte, at(clock));
      open.push_back({clock, free + rtt_ms});
    }
    /// Those that are back by now.
    void learn() {
      while (!open.empty() && open.front().over + work_ms < clock) {
        const auto one = open.front();
        open.pop_front();
        auto seen = make(cloud, 1);
        seen.bytes.up = bytes;
        seen.service_ms = work_ms;
        seen.total_ms = one.over - one.at + work_ms;
        seen.at = now = at(one.over + work_ms);
        const auto known = belief_of(*this, cloud);
        const auto waited
          = link.crossed(bytes, at(one.at), one.over - one.at - known.rtt_ms,
                         known.up_ms_per_byte);
        BOOST_REQUIRE(waited);
        seen.backlog_ms = *waited;
        seen.backlog_seen = true;
        predictor.observe(seen);
        predictor.publish(now);
      }
    }
    void play(int events, double gap_ms) {
      for (int i = 0; i < events; ++i) {
        send();
        clock += gap_ms;
        learn();
      }
    }
  };

  /// Bursts that fill the link, which is believed to be five times slower.
  BOOST_AUTO_TEST_CASE(the_rate_of_a_full_link_is_learned) {
    one_link w;
    for (int i = 0; i < 50; ++i) {
      auto seen = w.make(w.cloud, 1);
      seen.bytes.up = w.bytes;
      seen.total_ms = seen.service_ms + w.rtt_ms + 5 * w.each_ms;
      w.predictor.observe(seen);
    }
    w.predictor.publish(w.now);
    w.clock = to_ms(w.now.time_since_epoch()) - w.start;
    for (int burst = 0; burst < 60; ++burst) {
      w.play(20, 4);
      w.clock += 100;
      w.learn();
    }
    const auto known = belief_of(w, w.cloud);
    BOOST_TEST(near(known.rtt_ms + known.up_ms_per_byte * w.bytes,
                    w.rtt_ms + w.each_ms, 0.15));
    BOOST_TEST(near(known.up_ms_per_byte * w.bytes, w.each_ms, 0.4));
  }

  /// Many small events on a fast link: the step is no queue of theirs.
  BOOST_AUTO_TEST_CASE(a_longer_way_is_seen_in_a_stream_of_small_events) {
    for (const double gap : {1.0, 2.0, 5.0})
      BOOST_TEST_CONTEXT(gap << " ms between events") {
        one_link w;
        w.bytes = 1000;
        w.each_ms = 0.08;
        w.play(1000, gap);
        BOOST_TEST(near(belief_of(w, w.cloud).rtt_ms, 40, 0.1));
        w.rtt_ms = 120;
        w.play(static_cast<int>(1000 / gap), gap); // for a second
        BOOST_TEST(near(belief_of(w, w.cloud).rtt_ms, 120, 0.15));
      }
  }

  /// In the order in which they came back.
  void learn(world& w, std::vector<observation> back,
             const std::function<void()>& look = [] {}) {
    std::sort(back.begin(), back.end(),
              [](const auto& a, const auto& b) { return a.at < b.at; });
    for (const auto& seen : back) {
      w.predictor.observe(seen);
      w.predictor.publish(seen.at);
      w.now = std::max(w.now, seen.at);
      look();
    }
  }

  /// Events that cross at the same time: some are late by 200 ms, those sent
  /// after them are back in time.
  struct lossy_link : world {
    double rtt(double rtt_ms, double losses, int events) {
      std::vector<observation> back;
      for (int i = 0; i < events; ++i) {
        const bool lost = random.uniform() < losses;
        auto seen = make(cloud, 1, 10);
        now -= from_ms(190); // one each 10 ms
        seen.total_ms = seen.service_ms + rtt_ms + 4e-4 * seen.bytes.up
                        + random.uniform() + (lost ? 200 : 0);
        seen.at = now + from_ms(seen.total_ms);
        back.push_back(seen);
      }
      learn(*this, back, [this] {
        highest = std::max(highest, belief_of(*this, cloud).rtt_ms);
      });
      return belief_of(*this, cloud).rtt_ms;
    }
    double highest = 0;
  };

  BOOST_AUTO_TEST_CASE(lost_packets_are_no_step_of_the_link) {
    lossy_link w;
    w.rtt(40, 0, 100);
    BOOST_TEST(near(w.rtt(40, 0.05, 2000), 40, 0.1));
    BOOST_TEST(w.highest < 60);
  }

  BOOST_AUTO_TEST_CASE(a_link_where_many_are_late_is_slow) {
    lossy_link w;
    w.rtt(40, 0, 100);
    w.rtt(40, 0.6, 1000);
    BOOST_TEST(w.highest > 120);
  }

  BOOST_AUTO_TEST_CASE(a_step_of_the_link_is_seen_among_losses) {
    lossy_link w;
    w.rtt(40, 0.05, 1000);
    BOOST_TEST(near(w.rtt(120, 0.05, 100), 120, 0.1));
    BOOST_TEST(near(w.rtt(40, 0.05, 100), 40, 0.2));
  }

  /// Large ones are late since the link has less bandwidth; small ones hardly.
  BOOST_AUTO_TEST_CASE(small_events_in_time_excuse_no_large_ones) {
    world w;
    const auto play = [&](double slower, int events) {
      std::vector<observation> back;
      for (int i = 0; i < events; ++i) {
        auto seen = w.make(w.cloud, 1, i % 2 ? 1 : 500);
        seen.total_ms = seen.service_ms + 40 + slower * 4e-4 * seen.bytes.up;
        seen.at += from_ms(seen.total_ms);
        back.push_back(seen);
      }
      learn(w, back);
    };
    play(1, 200);
    play(3, 60);
    BOOST_TEST(near(belief_of(w, w.cloud).up_ms_per_byte, 3 * 4e-4, 0.1));
  }

  /// Samples as they are tell within seconds that a way is short again; a ping
  /// that waited for own bytes does not tell that it is long.
  BOOST_AUTO_TEST_CASE(a_ping_behind_own_bytes_is_no_step_of_the_link) {
    world w;
    const auto ping = [&](double ms, bool alone, int count) {
      for (int i = 0; i < count; ++i)
        BOOST_TEST(w.predictor.observe_ping(
          w.wan, ms + w.random.uniform(), w.now += from_ms(1000), alone));
      w.predictor.publish(w.now);
      return belief_of(w, w.cloud).rtt_ms;
    };
    belief_of(w, w.cloud);
    BOOST_TEST(near(ping(40, true, 20), 40, 0.1));
    BOOST_TEST(near(ping(120, false, 20), 40, 0.1));
    BOOST_TEST(near(ping(120, true, 3), 120, 0.1));
    BOOST_TEST(near(ping(40, true, 3), 40, 0.25));
    const double nan = std::nan("");
    BOOST_TEST(!w.predictor.observe_ping(w.wan, nan, w.now, false));
    BOOST_TEST(!w.predictor.observe_ping(w.wan, 0, w.now, false));
  }

BOOST_AUTO_TEST_SUITE_END()
