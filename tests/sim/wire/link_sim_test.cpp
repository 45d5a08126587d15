// Two links under load and trouble, seeds 1 to 50.
#include "simulation.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace faas;
using namespace std::chrono_literals;
using wire::simulation;

namespace {

constexpr uint64_t seeds = 50;

size_t random_body(random_source& random) {
  if (random.below(10) > 0)
    return random.below(2'000);
  if (random.below(20) > 0)
    return random.below(limits::old_body_bytes);
  return random.below(4 * limits::mib);
}

/// Every event has exactly one answer and nothing is left over.
void check_end(simulation& sim) {
  BOOST_TEST(
    sim.closes.empty(),
    "closed: " << (sim.closes.empty() ? std::string{} : sim.closes[0]));
  for (uint64_t token = 1; token <= sim.tokens; ++token)
    BOOST_TEST(sim.sink->of(token).size() == 1u, "event " << token);
  for (const auto& each : sim.ends) {
    const auto stats = each.core.stats();
    BOOST_TEST(stats.in_flight == 0u);
    BOOST_TEST(stats.running == 0u);
    BOOST_TEST(stats.queued_bytes == 0u);
    BOOST_TEST(stats.queued_transfers == 0u);
  }
  BOOST_TEST(sim.wrongly_unsent == 0u);
  BOOST_TEST(sim.ran_twice == 0u);
}

size_t count_answers(const simulation& sim, errc code) {
  size_t count = 0;
  for (uint64_t token = 1; token <= sim.tokens; ++token)
    for (const auto& answer : sim.sink->of(token))
      count += answer.code == code ? 1 : 0;
  return count;
}

/// A wire between a LAN and a bad uplink.
wire::wire_profile random_wire(random_source& random) {
  wire::wire_profile made;
  made.delay
    = duration{static_cast<int64_t>(100'000 + random.below(100'000'000))};
  made.bytes_per_second = 50e3 * std::pow(2000.0, random.uniform());
  made.service = 1ms + duration{static_cast<int64_t>(random.below(50'000'000))};
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(link_sim_test)

  BOOST_AUTO_TEST_CASE(on_a_sound_wire_every_event_gets_its_own_reply) {
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        simulation sim{seed, {}};
        for (auto i = 0; i < 200; ++i) {
          BOOST_TEST(sim.submit(static_cast<int>(sim.random.below(2)),
                                random_body(sim.random), 60s)
                     != 0u);
          sim.run_until(
            sim.now
            + duration{static_cast<int64_t>(sim.random.below(20'000'000))});
        }
        sim.run_until(sim.now + 30s);
        check_end(sim);
        BOOST_TEST(count_answers(sim, errc::ok) == sim.tokens);
        for (const auto& each : sim.ends)
          BOOST_TEST(each.suspected.empty());
      }
    }
  }

  BOOST_AUTO_TEST_CASE(cuts_stops_and_deadlines_leave_nothing_unanswered) {
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        random_source random{seed * 7919};
        simulation sim{seed, random_wire(random)};
        for (auto i = 0; i < 400; ++i) {
          if (sim.connected && !sim.ends[0].stopped && !sim.ends[1].stopped)
            sim.submit(static_cast<int>(random.below(2)), random_body(random),
                       duration{static_cast<int64_t>(
                         10'000'000 + random.below(5'000'000'000))});
          switch (random.below(40)) {
          case 0:
            if (sim.connected)
              sim.cut();
            break;
          case 1:
            sim.stop(static_cast<int>(random.below(2)));
            break;
          case 2:
          case 3:
            for (auto which : {0, 1})
              if (sim.ends[which].stopped)
                sim.resume(which);
            break;
          default:
            break;
          }
          if (!sim.connected && random.below(4) == 0 && !sim.ends[0].stopped
              && !sim.ends[1].stopped)
            sim.connect();
          sim.run_until(
            sim.now
            + duration{static_cast<int64_t>(random.below(100'000'000))});
        }
        for (auto which : {0, 1})
          if (sim.ends[which].stopped)
            sim.resume(which);
        sim.run_until(sim.now + 120s);
        check_end(sim);
        for (const auto& each : sim.ends) {
          const wire::link_options options;
          BOOST_TEST(each.most_in_flight <= options.max_in_flight);
          BOOST_TEST(each.most_queued <= options.outbox_bytes
                                           + options.reply_bytes
                                           + options.control_bytes);
        }
      }
    }
  }

  BOOST_AUTO_TEST_CASE(an_overloaded_link_refuses_and_keeps_its_bounds) {
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        wire::link_options options;
        options.outbox_bytes = limits::mib;
        options.max_in_flight = 64;
        simulation sim{seed, {20ms, 200e3, 5ms, true}, options};
        for (auto i = 0; i < 500; ++i) {
          sim.submit(0, random_body(sim.random), 20s);
          sim.run_until(sim.now + 5ms);
        }
        sim.run_until(sim.now + 60s);
        check_end(sim);
        BOOST_TEST(sim.ends[0].most_in_flight <= 64u);
        BOOST_TEST(sim.ends[0].most_queued <= limits::mib);
        BOOST_TEST(count_answers(sim, errc::overloaded) > 100u);
        BOOST_TEST(count_answers(sim, errc::ok) > 50u);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(a_stopped_peer_is_suspect_in_time_and_alive_again) {
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        random_source random{seed};
        wire::wire_profile wire;
        wire.delay
          = duration{static_cast<int64_t>(500'000 + random.below(120'000'000))};
        wire.service = 300ms; // always something in flight
        simulation sim{seed, wire};
        const auto rtt = 2 * wire.delay;
        for (auto i = 0; i < 60; ++i) {
          sim.submit(0, 100, 60s);
          sim.run_until(sim.now + 50ms);
        }
        BOOST_TEST(sim.ends[0].suspected.empty());
        sim.stop(1);
        const auto stopped = sim.now;
        // What was on the wire arrives later than the stop by the delay.
        const auto patience = std::max<duration>(4 * rtt, 250ms);
        sim.run_until(stopped + wire.delay + patience + patience / 20 + 5ms);
        BOOST_REQUIRE_EQUAL(sim.ends[0].suspected.size(), 1u);
        const auto [when, silence] = sim.ends[0].suspected[0];
        BOOST_TEST((when > stopped));
        BOOST_TEST(
          (when - sim.ends[0].last_heard <= patience + patience / 20 + 5ms));
        BOOST_TEST(sim.ends[0].core.stats().suspect);
        sim.run_until(stopped + 3s);
        sim.resume(1);
        sim.run_until(sim.now + 30s);
        BOOST_TEST(sim.ends[0].revived.size() == 1u);
        // The stopped one does not take its own standstill for our silence.
        BOOST_TEST(sim.ends[1].suspected.empty());
        check_end(sim);
        BOOST_TEST(count_answers(sim, errc::ok) == sim.tokens);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(a_peer_that_stays_stopped_is_given_up_after_5_s) {
    simulation sim{1, {}};
    sim.submit(0, 100, 60s);
    sim.run_until(sim.now + 1ms);
    sim.stop(1);
    sim.run_until(sim.now + 4900ms);
    BOOST_TEST(sim.sink->of(1).empty());
    sim.run_until(sim.now + 200ms);
    BOOST_REQUIRE_EQUAL(sim.sink->of(1).size(), 1u);
    BOOST_TEST((sim.sink->of(1)[0].code == errc::outcome_unknown));
  }

  BOOST_AUTO_TEST_CASE(unanswered_idempotent_events_are_retried_to_the_end) {
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        simulation sim{seed, {}};
        std::deque<wire::failed_transfer> again;
        sim.on_failed = [&](int, wire::failed_transfer&& failed) {
          again.push_back(std::move(failed));
        };
        for (auto i = 0; i < 300; ++i) {
          if (sim.connected)
            sim.submit(0, random_body(sim.random), 600s);
          if (sim.connected && sim.random.below(30) == 0)
            sim.cut();
          else if (!sim.connected && sim.random.below(3) == 0)
            sim.connect();
          for (; sim.connected && !again.empty(); again.pop_front()) {
            auto& what = again.front();
            BOOST_REQUIRE(sim.ends[0].core.submit(
              sim.now, std::move(what.event), std::move(what.done)));
          }
          sim.run_until(
            sim.now
            + duration{static_cast<int64_t>(sim.random.below(40'000'000))});
        }
        if (!sim.connected)
          sim.connect();
        for (; !again.empty(); again.pop_front())
          BOOST_REQUIRE(sim.ends[0].core.submit(sim.now,
                                                std::move(again.front().event),
                                                std::move(again.front().done)));
        sim.run_until(sim.now + 60s);
        sim.ran_twice = 0; // that is what idempotent means
        check_end(sim);
        BOOST_TEST(count_answers(sim, errc::ok) == sim.tokens);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(rtt_and_rate_of_the_wire_are_measured) {
    simulation sim{1, {}};
    for (auto i = 0; i < 100; ++i) {
      sim.submit(0, 235'200, 60s);   // 300 images
      sim.run_until(sim.now + 95ms); // just what the wire can carry
    }
    const auto stats = sim.ends[0].core.stats();
    BOOST_TEST(static_cast<double>(stats.rate) > 2.2e6);
    BOOST_TEST(static_cast<double>(stats.rate) < 2.8e6);
    BOOST_TEST((stats.min_rtt >= 40ms));
    BOOST_TEST((stats.min_rtt < 70ms));
    sim.run_until(sim.now + 30s);
    check_end(sim);
    BOOST_TEST((sim.ends[0].longest_frame < 27ms)); // 64 KiB at most
    BOOST_TEST((sim.ends[1].longest_frame < 27ms));
  }

  BOOST_AUTO_TEST_CASE(big_bodies_fill_the_wire_and_small_events_stay_quick) {
    simulation sim{1, {20ms, 2.5e6, 10ms, false}};
    for (auto i = 0; i < 20; ++i) // learn the rate
      sim.submit(0, 250'000, 60s);
    sim.run_until(sim.now + 3s);
    const auto start = sim.now;
    for (auto i = 0; i < 20; ++i)
      sim.submit(0, 250'000, 60s);
    sim.run_until(sim.now + 300ms);
    const auto token = sim.submit(0, 100, 60s);
    const auto sent = sim.now;
    while (sim.sink->of(token).empty() && sim.now < sent + 60s)
      sim.run_until(sim.now + 5ms);
    // RTT 40, service at most 15, what is on the wire already (80 ms of the
    // rate), and a turn of each big body (20 of 12 KiB, 98 ms).
    BOOST_TEST((sim.now - sent < 260ms));
    while (sim.sink->answered() < sim.tokens && sim.now < start + 60s)
      sim.run_until(sim.now + 5ms);
    BOOST_TEST_MESSAGE("5 MB in " << to_ms(sim.now - start) << " ms");
    BOOST_TEST((sim.now - start < 2300ms)); // 5 MB at 2.5 MB/s, RTT, service
    check_end(sim);
  }

  BOOST_AUTO_TEST_CASE(events_under_load_share_frames) {
    simulation sim{1, {100us, 1e9, 10us, true}};
    for (auto i = 0; i < 5000; ++i) {
      sim.submit(0, 128, 60s);
      sim.run_until(sim.now + 5us);
    }
    sim.run_until(sim.now + 1s);
    check_end(sim);
    BOOST_TEST_MESSAGE("5000 events in " << sim.ends[1].frames << " frames");
    BOOST_TEST(sim.ends[1].frames < 5000u / 8);
    BOOST_TEST(count_answers(sim, errc::ok) == 5000u);
  }

  BOOST_AUTO_TEST_SUITE_END()
