#include "libfaas/wire/link_meter.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>

using namespace faas;
using namespace std::chrono_literals;

namespace {

const time_point start{1h};

struct fixture {
  fixture() { meter.connected(); }

  void measure_rtt(duration rtt) {
    meter.ping_sent(now, ++ping);
    meter.pong_received(now + rtt, ping);
  }

  /// Sends frames through a link of that rate as the outbox would, for that
  /// time, with an ack per frame.
  void stream(double bytes_per_second, duration rtt, duration for_time) {
    struct arrival {
      time_point at;
      wire::ack what;
    };
    std::deque<arrival> acks;
    const auto end = now + for_time;
    auto free_at = now;
    auto blocked = true;
    while (now < end) {
      while (meter.unacknowledged() + 4096 <= meter.window()) {
        const auto bytes = std::min(meter.frame_budget(),
                                    meter.window() - meter.unacknowledged());
        meter.frame_sent(now, bytes, blocked && meter.unacknowledged() > 0);
        sent += bytes;
        free_at = std::max(free_at, now)
                  + duration{static_cast<int64_t>(
                    1e9 * static_cast<double>(bytes) / bytes_per_second)};
        acks.push_back({free_at + rtt, {sent, ++frames, free_at - start}});
      }
      now = acks.front().at;
      BOOST_REQUIRE(meter.ack_received(acks.front().what));
      acks.pop_front();
    }
    for (const auto& [at, what] : acks) {
      now = at;
      BOOST_REQUIRE(meter.ack_received(what));
    }
  }

  wire::link_options options;
  wire::link_meter meter{options};
  time_point now = start;
  uint64_t ping = 0, frames = 0, sent = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(link_meter_test, fixture)

  BOOST_AUTO_TEST_CASE(rtt_is_smoothed_and_its_minimum_kept) {
    BOOST_TEST(!meter.rtt().known());
    measure_rtt(40ms);
    BOOST_TEST((meter.rtt().smoothed() == 40ms));
    measure_rtt(80ms);
    BOOST_TEST((meter.rtt().smoothed() == 45ms));
    BOOST_TEST((meter.rtt().least() == 40ms));
  }

  BOOST_AUTO_TEST_CASE(the_least_rtt_is_forgotten_after_20_s) {
    measure_rtt(1ms);
    for (auto i = 0; i < 25; ++i) {
      now += 1s;
      measure_rtt(50ms);
    }
    BOOST_TEST((meter.rtt().least() == 50ms));
  }

  /// Who learns the round trip must hear it as it was, and whether own bytes
  /// were in the ping's way.
  BOOST_AUTO_TEST_CASE(the_last_ping_is_told_as_it_was) {
    BOOST_TEST(meter.last_ping().number == 0u);
    measure_rtt(40ms);
    measure_rtt(80ms);
    BOOST_TEST((meter.last_ping().trip == 80ms));
    BOOST_TEST(meter.last_ping().alone);
    BOOST_TEST(meter.last_ping().number == 2u);
    meter.frame_sent(now, 100, false); // a packet is no hindrance
    measure_rtt(41ms);
    BOOST_TEST(meter.last_ping().alone);
    meter.frame_sent(now, 20'000, false);
    measure_rtt(60ms);
    BOOST_TEST(!meter.last_ping().alone);
    BOOST_TEST((meter.last_ping().trip == 60ms));
    BOOST_REQUIRE(meter.ack_received({20'100, 2, {}}));
    measure_rtt(42ms);
    BOOST_TEST(meter.last_ping().alone);
    meter.connected(); // anew: numbers go on, so that none is told twice
    measure_rtt(10ms);
    BOOST_TEST(meter.last_ping().number == 6u);
  }

  BOOST_AUTO_TEST_CASE(a_pong_without_its_ping_measures_nothing) {
    meter.pong_received(now, 7);
    meter.ping_sent(now, 1);
    meter.ping_sent(now + 1ms, 2);
    meter.pong_received(now + 11ms, 2); // the first was lost
    BOOST_TEST((meter.rtt().smoothed() == 10ms));
    meter.pong_received(now + 50ms, 2); // twice
    meter.pong_received(now + 50ms, 1);
    BOOST_TEST((meter.rtt().smoothed() == 10ms));
  }

  BOOST_AUTO_TEST_CASE(pings_without_pongs_take_bounded_memory) {
    for (uint64_t i = 1; i <= 1000; ++i)
      meter.ping_sent(now, i);
    meter.pong_received(now + 5ms, 1); // forgotten
    BOOST_TEST(!meter.rtt().known());
    meter.pong_received(now + 5ms, 1000);
    BOOST_TEST((meter.rtt().smoothed() == 5ms));
  }

  BOOST_AUTO_TEST_CASE(the_rate_of_a_20_mbit_link_is_found) {
    measure_rtt(40ms);
    stream(2.5e6, 40ms, 3s);
    BOOST_TEST(static_cast<double>(meter.rate()) > 2.3e6);
    BOOST_TEST(static_cast<double>(meter.rate()) < 2.7e6);
    // Twice what fills the link.
    BOOST_TEST(static_cast<double>(meter.window()) > 2 * 2.3e6 * 0.04);
    BOOST_TEST(static_cast<double>(meter.frame_budget()) < 2.7e6 * 0.02);
  }

  BOOST_AUTO_TEST_CASE(the_rate_of_a_slow_link_is_found_and_frames_get_short) {
    measure_rtt(100ms);
    stream(60e3, 100ms, 20s);
    BOOST_TEST(static_cast<double>(meter.rate()) > 50e3);
    BOOST_TEST(static_cast<double>(meter.rate()) < 70e3);
    BOOST_TEST(meter.frame_budget() == 4096u);
  }

  BOOST_AUTO_TEST_CASE(a_change_of_the_rate_is_followed) {
    measure_rtt(40ms);
    stream(5e6, 40ms, 2s);
    stream(1e6, 40ms, 3s);
    BOOST_TEST(static_cast<double>(meter.rate()) < 1.2e6);
    stream(5e6, 40ms, 3s);
    BOOST_TEST(static_cast<double>(meter.rate()) > 4e6);
  }

  BOOST_AUTO_TEST_CASE(a_way_that_gets_longer_does_not_starve_the_link) {
    measure_rtt(35ms);
    stream(10e6, 35ms, 2s);
    for (int i = 0; i < 20; ++i)
      measure_rtt(115ms); // the least is of the seconds before
    // What is under way fills the new way at the rate that is there.
    BOOST_TEST(static_cast<double>(meter.window())
               >= 0.9 * static_cast<double>(meter.rate()) * 0.115);
  }

  BOOST_AUTO_TEST_CASE(a_trickle_does_not_look_like_a_slow_link) {
    measure_rtt(40ms);
    stream(2.5e6, 40ms, 2s);
    const auto before = meter.rate();
    for (auto i = 0; i < 200; ++i) { // 300 bytes each 10 ms, never backlogged
      meter.frame_sent(now, 300, false);
      sent += 300;
      ++frames;
      now += 10ms;
      BOOST_REQUIRE(meter.ack_received({sent, frames, now - start}));
    }
    BOOST_TEST(meter.rate() == before);
  }

  BOOST_AUTO_TEST_CASE(times_that_make_no_sense_are_survived) {
    for (auto came : {duration::max(), duration{}, duration::min(), -1ns}) {
      meter.frame_sent(now, 50'000, true);
      sent += 50'000;
      BOOST_TEST(meter.ack_received({sent, ++frames, came}));
    }
    BOOST_TEST(meter.window() == 64 * limits::kib);
  }

  BOOST_AUTO_TEST_CASE(a_fast_link_has_room_while_the_peer_works) {
    // 60 MB/s in 0.1 ms: 12 kB are on the way, but both sides need time.
    measure_rtt(100us);
    stream(60e6, 100us, 200ms);
    BOOST_TEST(static_cast<double>(meter.window()) > 2 * 50e6 * 2e-3);
    BOOST_TEST(meter.frame_budget() <= meter.window() / 4);
  }

  BOOST_AUTO_TEST_CASE(the_window_keeps_its_bounds) {
    BOOST_TEST(meter.window() == 64 * limits::kib);
    measure_rtt(200ms);
    stream(50e6, 200ms, 5s);
    BOOST_TEST(meter.window() == options.window_bytes);
    BOOST_TEST(meter.frame_budget() == limits::frame_bytes);
  }

  BOOST_AUTO_TEST_CASE(an_ack_of_what_was_never_sent_is_told) {
    meter.frame_sent(now, 1000, false);
    BOOST_TEST(!meter.ack_received({1000, 2, {}}));
    BOOST_TEST(!meter.ack_received({999, 1, {}}));
  }

  BOOST_AUTO_TEST_CASE(an_ack_counts_once) {
    meter.frame_sent(now, 1000, false);
    meter.frame_sent(now, 500, true);
    BOOST_TEST(meter.unacknowledged() == 1500u);
    BOOST_TEST(meter.ack_received({1000, 1, {}}));
    BOOST_TEST(meter.ack_received({1000, 1, {}}));
    BOOST_TEST(meter.unacknowledged() == 500u);
    BOOST_TEST(meter.ack_received({1500, 2, {}}));
    BOOST_TEST(meter.ack_received({1000, 1, {}})); // an old one
    BOOST_TEST(meter.unacknowledged() == 0u);
  }

  BOOST_AUTO_TEST_SUITE_END()
