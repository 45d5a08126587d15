// What later events are charged for, and beliefs that a full link or short
// events could spoil.
#include "tests/unit/routing/predictor_world.hpp"

#include "libfaas/routing/queue_model.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <vector>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

using world = predictor_world;

estimate belief_of(world& w, site_index site) {
  return w.predictor.cell(w.classify, site, w.now)->read();
}

} // namespace

BOOST_AUTO_TEST_SUITE(offered_test)

  BOOST_AUTO_TEST_CASE(a_site_is_offered_what_might_come) {
    world w; // an event each 200 ms
    w.play(w.cloud, 1, 400);
    w.play(w.edge, 5, 20);
    const auto edge = belief_of(w, w.edge), cloud = belief_of(w, w.cloud);
    const double mean = normal.at(150.5);
    BOOST_TEST(near(cloud.offered, mean / 200 / 4, 0.15)); // four servers
    BOOST_TEST(near(edge.offered / cloud.offered,
                    4 * w.service(w.edge) / w.service(w.cloud), 0.15));
    BOOST_TEST(near(cloud.link_offered, 4e-4 * 150.5 * 784 / 200, 0.2));
    BOOST_TEST(near(cloud.mean_carry_ms, 4e-4 * 150.5 * 784, 0.2));
    BOOST_TEST(edge.link_offered < 0.01);
  }

  BOOST_AUTO_TEST_CASE(less_is_offered_when_fewer_come) {
    world w;
    w.play(w.cloud, 1, 400);
    const double before = belief_of(w, w.cloud).offered;
    w.now += std::chrono::seconds{10};
    w.play(w.cloud, 1, 1);
    BOOST_TEST(belief_of(w, w.cloud).offered < before / 4);
  }

  BOOST_AUTO_TEST_CASE(other_routers_offer_as_much_as_they_send_there) {
    world w;
    w.predictor.set_routers(3);
    const auto play = [&](uint32_t all) {
      for (int i = 0; i < 200; ++i) {
        auto seen = w.make(w.cloud, 1);
        seen.in_flight = 2;
        seen.queue_length = all;
        w.predictor.observe(seen);
      }
      w.predictor.publish(w.now);
      return belief_of(w, w.cloud).offered;
    };
    const double alone = play(2);
    BOOST_TEST(near(play(4) / alone, 2, 0.1));
    BOOST_TEST(near(play(60) / alone, 3, 0.1)); // no more than there are
  }

  BOOST_AUTO_TEST_CASE(a_removed_function_offers_nothing) {
    world w;
    w.play(w.cloud, 1, 400);
    const auto other = *w.predictor.add_function("other", normal);
    w.expect(other, w.cloud);
    BOOST_TEST(belief_of(w, w.cloud).offered > 0.05);
    w.predictor.remove_function(w.classify);
    for (int i = 0; i < 5; ++i) {
      auto seen = w.make(w.cloud, 1);
      seen.function = other;
      w.predictor.observe(seen);
    }
    w.predictor.publish(w.now);
    BOOST_TEST(w.predictor.cell(other, w.cloud, w.now)->read().offered < 0.05);
  }

  BOOST_AUTO_TEST_CASE(an_event_is_charged_for_the_known_queue) {
    estimate belief;
    belief.slope = 0;
    belief.intercept = 10;
    belief.log_noise = belief.log_var = 0;
    belief.rtt_ms = 0;
    belief.mean_service_ms = 5;
    belief.servers = 2;
    belief.offered = 0.8;
    candidate site;
    site.free_in_ms = 7.5; // three of them at two servers
    const auto p = predict(belief, site, {}, time_point{});
    BOOST_TEST(near(p.imposed, 5 * crowding(3, 0.8), 1e-9));
    belief.ms_per_byte = 1e-3;
    belief.mean_carry_ms = 2;
    belief.link_offered = 0.5;
    site.free_in_ms = 0;
    site.backlog_ms = 6;
    event_features event;
    event.bytes = 4000;
    const auto over = predict(belief, site, event, time_point{});
    BOOST_TEST(near(over.imposed, 4 * crowding(3, 0.5), 1e-9));
  }

  /// 8 ms of link per event, sent in bursts that fill it; believed to take 40.
  BOOST_AUTO_TEST_CASE(the_rate_of_a_full_link_is_learned) {
    world w;
    constexpr double bytes = 20'000, each_ms = 8, rtt_ms = 40, work_ms = 10;
    const double bad = 5 * each_ms / bytes;
    link_load link;
    struct sent {
      double at, over;
    };
    std::deque<sent> open;
    double free = 0, clock = 0;
    const double start = to_ms(w.now.time_since_epoch());
    const auto at = [&](double ms) { return time_point{} + from_ms(start + ms); };
    // What was learned before, from five times the bytes' worth of time.
    for (int i = 0; i < 50; ++i) {
      auto seen = w.make(w.cloud, 1);
      seen.bytes = bytes;
      seen.total_ms = seen.service_ms + rtt_ms + bad * bytes;
      w.predictor.observe(seen);
    }
    w.predictor.publish(w.now);
    clock = to_ms(w.now.time_since_epoch()) - start;
    for (int burst = 0; burst < 60; ++burst) {
      for (int i = 0; i < 20; ++i) {
        const auto rate = belief_of(w, w.cloud).ms_per_byte;
        free = std::max(free, clock) + each_ms;
        link.send(bytes, rate, at(clock));
        open.push_back({clock, free});
        clock += 4;
      }
      clock += 100;
      while (!open.empty() && open.front().over + rtt_ms + work_ms < clock) {
        const auto one = open.front();
        open.pop_front();
        w.now = at(one.over + rtt_ms + work_ms);
        auto seen = w.make(w.cloud, 1);
        seen.bytes = bytes;
        seen.service_ms = work_ms;
        seen.total_ms = one.over - one.at + rtt_ms + work_ms;
        seen.at = w.now = at(one.over + rtt_ms + work_ms);
        const auto known = belief_of(w, w.cloud);
        const auto waited = link.crossed(
          bytes, at(one.at), one.over - one.at + rtt_ms - known.rtt_ms,
          known.ms_per_byte);
        BOOST_REQUIRE(waited);
        seen.backlog_ms = *waited;
        seen.backlog_seen = true;
        w.predictor.observe(seen);
        w.predictor.publish(w.now);
      }
    }
    const auto known = belief_of(w, w.cloud);
    BOOST_TEST(near(known.rtt_ms + known.ms_per_byte * bytes, rtt_ms + each_ms,
                    0.15));
    BOOST_TEST(near(known.ms_per_byte * bytes, each_ms, 0.4));
  }

  /// A function of 4 ms with an outlier now and then: they must not be all that
  /// is believed of it, whatever probes say of the site.
  BOOST_AUTO_TEST_CASE(short_events_count_where_nearly_all_are_short) {
    world w;
    const auto play = [&](double ms) {
      auto seen = w.make(w.edge, 1, 10);
      seen.total_ms += ms - seen.service_ms;
      seen.service_ms = ms;
      w.predictor.observe_probe(w.edge, 1, w.now);
      w.predictor.observe(seen);
      w.predictor.publish(w.now);
    };
    for (int i = 0; i < 6; ++i)
      play(14); // as if it were slow
    for (int i = 0; i < 600; ++i)
      play(i % 40 == 39 ? 14 : 4 * std::exp(0.1 * w.random.normal()));
    BOOST_TEST(w.expect(w.classify, w.edge, 10).service < 6);
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
        seen.total_ms = seen.service_ms + rtt_ms + 4e-4 * seen.bytes
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
        seen.total_ms = seen.service_ms + 40 + slower * 4e-4 * seen.bytes;
        seen.at += from_ms(seen.total_ms);
        back.push_back(seen);
      }
      learn(w, back);
    };
    play(1, 200);
    play(3, 60);
    BOOST_TEST(near(belief_of(w, w.cloud).ms_per_byte, 3 * 4e-4, 0.1));
  }

BOOST_AUTO_TEST_SUITE_END()
