#include "libfaas/wire/heartbeat.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace std::chrono_literals;
using wire::heartbeat;
using verdict = heartbeat::verdict;

namespace {

constexpr duration no_rtt{}; ///< not known yet
constexpr duration near = 1ms;
const time_point start{1h};

struct fixture {
  fixture() { pulse.connected(start); }

  /// Wakes as the link's owner does until something is judged, or the end.
  std::pair<verdict, time_point> run(time_point now, time_point end,
                                     duration rtt) {
    for (; now <= end; now = std::max(now + 1ns, pulse.wake_at(rtt))) {
      pulse.called(now, rtt);
      pings += pulse.ping_due(now, rtt) ? 1 : 0;
      if (const auto what = pulse.judge(now, rtt); what != verdict::nothing)
        return {what, now};
    }
    return {verdict::nothing, end};
  }

  wire::link_options options;
  heartbeat pulse{options};
  int pings = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(heartbeat_test, fixture)

  BOOST_AUTO_TEST_CASE(an_idle_link_pings_each_second) {
    for (auto second = 0; second < 10; ++second) {
      pulse.heard(start + second * 1s);
      const auto [what, when]
        = run(start + second * 1s, start + second * 1s + 999ms, no_rtt);
      BOOST_TEST((what == verdict::nothing));
    }
    BOOST_TEST(pings == 10);
  }

  BOOST_AUTO_TEST_CASE(an_idle_silent_peer_is_not_suspect_but_lost_after_5_s) {
    const auto [what, when] = run(start, start + 1min, no_rtt);
    BOOST_TEST((what == verdict::silent));
    BOOST_TEST((when == start + 5s));
    BOOST_TEST(!pulse.suspect());
  }

  BOOST_AUTO_TEST_CASE(a_busy_silent_peer_is_suspect_after_250_ms) {
    run(start, start + 700ms, no_rtt);
    pulse.set_busy(start + 700ms, true);
    const auto [what, when] = run(start + 700ms, start + 1min, 10ms);
    BOOST_TEST((what == verdict::suspect));
    BOOST_TEST((when == start + 950ms));
    BOOST_TEST(pulse.suspect());
  }

  BOOST_AUTO_TEST_CASE(before_the_rtt_is_known_a_busy_peer_has_a_second) {
    pulse.set_busy(start, true);
    const auto [what, when] = run(start, start + 1min, no_rtt);
    BOOST_TEST((what == verdict::suspect));
    BOOST_TEST((when == start + 1s));
  }

  BOOST_AUTO_TEST_CASE(a_distant_busy_peer_is_suspect_after_4_rtt) {
    pulse.set_busy(start, true);
    const auto [what, when] = run(start, start + 1min, 100ms);
    BOOST_TEST((what == verdict::suspect));
    BOOST_TEST((when == start + 400ms));
  }

  BOOST_AUTO_TEST_CASE(a_busy_link_pings_each_half_rtt_but_at_least_50_ms) {
    pulse.set_busy(start, true);
    run(start, start + 200ms, 10ms);
    BOOST_TEST(pings == 5); // 0, 50, ..., 200
    pings = 0;
    pulse.connected(start);
    pulse.set_busy(start, true);
    run(start, start + 300ms, 200ms);
    BOOST_TEST(pings == 4); // 0, 100, 200, 300
  }

  BOOST_AUTO_TEST_CASE(suspicion_ends_when_the_peer_is_heard_and_may_return) {
    pulse.set_busy(start, true);
    const auto first = run(start, start + 1min, near);
    BOOST_TEST((first.first == verdict::suspect));
    BOOST_TEST(pulse.heard(first.second + 1ms));
    BOOST_TEST(!pulse.heard(first.second + 2ms));
    const auto again = run(first.second + 2ms, start + 1min, near);
    BOOST_TEST((again.first == verdict::suspect));
    BOOST_TEST((again.second == first.second + 252ms));
  }

  BOOST_AUTO_TEST_CASE(suspect_and_silent_are_told_once) {
    pulse.set_busy(start, true);
    const auto first = run(start, start + 1min, near);
    const auto second = run(first.second, start + 1min, near);
    BOOST_TEST((second.first == verdict::silent));
    BOOST_TEST((second.second == start + 5s));
    const auto third = run(second.second, start + 1min, near);
    BOOST_TEST((third.first == verdict::nothing));
  }

  BOOST_AUTO_TEST_CASE(a_stall_of_our_own_is_not_the_peers_silence) {
    pulse.set_busy(start, true);
    run(start, start + 100ms, near);
    // This process is stopped for 20 s; the first call after it is a tick.
    const auto [what, when] = run(start + 20s, start + 1min, near);
    BOOST_TEST((what == verdict::suspect));
    BOOST_TEST((when == start + 20s + 250ms));
  }

  BOOST_AUTO_TEST_CASE(waking_at_the_given_time_is_always_enough) {
    // No busy loop: the next wake-up lies ahead of the last.
    pulse.set_busy(start, true);
    auto now = start;
    for (auto i = 0; i < 1000; ++i) {
      pulse.called(now, 10ms);
      (void)pulse.ping_due(now, 10ms);
      (void)pulse.judge(now, 10ms);
      BOOST_REQUIRE((pulse.wake_at(10ms) > now));
      now = pulse.wake_at(10ms);
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
