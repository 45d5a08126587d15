// What later events are charged for.
#include "tests/unit/routing/predictor_world.hpp"

#include "libfaas/routing/queue_model.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

using world = predictor_world;

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
    BOOST_TEST(near(cloud.up_offered, 4e-4 * 150.5 * 784 / 200, 0.2));
    BOOST_TEST(near(cloud.up_carry_ms, 4e-4 * 150.5 * 784, 0.2));
    BOOST_TEST(edge.up_offered < 0.01);
  }

  BOOST_AUTO_TEST_CASE(replies_are_offered_to_the_way_back) {
    world w;
    for (int i = 0; i < 400; ++i) { // an event each 200 ms
      auto seen = w.make(w.cloud, 1);
      seen.bytes = {500 * w.random.uniform(), 1e5 * w.random.uniform()};
      seen.total_ms = seen.service_ms + 40 + 4e-4 * seen.bytes.down;
      w.predictor.observe(seen);
    }
    w.predictor.publish(w.now);
    const auto cloud = belief_of(w, w.cloud);
    BOOST_TEST(near(cloud.down_ms_per_byte, 4e-4, 0.15));
    BOOST_TEST(near(cloud.down_offered, 4e-4 * 5e4 / 200, 0.25));
    BOOST_TEST(near(cloud.down_carry_ms, 4e-4 * 5e4, 0.25));
    BOOST_TEST(cloud.up_offered < 0.01);
  }

  BOOST_AUTO_TEST_CASE(bytes_of_usual_events_are_told) {
    world w;
    BOOST_TEST((w.predictor.mean_bytes(w.classify) == way_bytes{}));
    auto seen = w.make(w.cloud, 1);
    seen.bytes = {1000, 5000};
    w.predictor.observe(seen);
    BOOST_TEST((w.predictor.mean_bytes(w.classify) == way_bytes{1000, 5000}));
    seen.bytes = {3000, 0};
    for (int i = 0; i < 200; ++i) {
      seen.at += from_ms(200);
      w.predictor.observe(seen);
    }
    BOOST_TEST(near(w.predictor.mean_bytes(w.classify).up, 3000, 0.01));
    BOOST_TEST(w.predictor.mean_bytes(w.classify).down < 50);
    BOOST_TEST((w.predictor.mean_bytes(function_index{9}) == way_bytes{}));
    w.predictor.remove_function(w.classify);
    BOOST_TEST((w.predictor.mean_bytes(w.classify) == way_bytes{}));
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
    const auto left = w.predictor.cell(other, w.cloud, w.now)->read();
    BOOST_TEST(left.offered < 0.05);
    BOOST_TEST(left.up_offered < 0.03);
  }

  BOOST_AUTO_TEST_CASE(an_event_is_charged_for_the_known_queue) {
    estimate belief;
    belief.slope = 0;
    belief.intercept = 10;
    belief.log_noise = belief.log_var = 0;
    belief.rtt_ms = 0;
    belief.mean_service_ms = 5;
    belief.servers = 2;
    belief.offered = 0.75;
    candidate site;
    site.free_in_ms = 7.5; // three of them at two servers
    const auto p = predict(belief, site, {}, time_point{});
    BOOST_TEST(near(p.imposed, 5 * crowding(3, 0.75), 1e-9));
    belief.up_ms_per_byte = 1e-3;
    belief.up_carry_ms = 2;
    belief.up_offered = 0.5;
    site.free_in_ms = 0;
    site.backlog_ms = 6;
    event_features event;
    event.bytes.up = 4000;
    const auto over = predict(belief, site, event, time_point{});
    BOOST_TEST(near(over.imposed, 4 * crowding(3, 0.5), 1e-9));
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

  BOOST_AUTO_TEST_CASE(absurd_sizes_do_not_spoil_what_is_offered) {
    world w;
    w.play(w.cloud, 1, 400);
    const double before = belief_of(w, w.cloud).offered;
    for (const double size : {1e300, 1e308, 1e9}) {
      auto seen = w.make(w.cloud, 1);
      seen.size = seen.bytes.up = size;
      w.predictor.observe(seen);
      w.predictor.publish(w.now);
    }
    w.play(w.cloud, 1, 50);
    BOOST_TEST(near(belief_of(w, w.cloud).offered, before, 0.5));
    const auto other = *w.predictor.add_function("other", normal);
    auto seen = w.make(w.cloud, 1);
    seen.function = other;
    seen.size = 1e308;
    w.predictor.observe(seen);
    w.now += std::chrono::seconds{1};
    w.predictor.publish(w.now);
    w.play(w.cloud, 1, 1);
    BOOST_TEST(belief_of(w, w.cloud).offered <= 1e6);
    BOOST_TEST(std::isfinite(w.expect(other, w.cloud).imposed));
  }

  BOOST_AUTO_TEST_CASE(cells_without_news_learn_what_is_offered) {
    world w;
    const auto other = *w.predictor.add_function("other", normal);
    const auto cell = w.predictor.cell(other, w.cloud, w.now);
    w.play(w.cloud, 1, 400);
    BOOST_TEST(near(cell->read().offered, belief_of(w, w.cloud).offered, 0.3));
  }

  BOOST_AUTO_TEST_CASE(a_version_with_the_same_work_offers_as_much) {
    world w;
    w.play(w.cloud, 1, 400);
    const auto before = belief_of(w, w.cloud);
    const auto next = *w.predictor.add_function("next", normal);
    w.predictor.succeed(next, w.classify, likeness::same_work);
    w.predictor.remove_function(w.classify);
    w.classify = next;
    w.play(w.cloud, 1, 3);
    BOOST_TEST(near(belief_of(w, w.cloud).up_carry_ms, before.up_carry_ms,
                    0.3));
    BOOST_TEST(near(belief_of(w, w.cloud).up_offered, before.up_offered,
                    0.3));
  }

  /// They never wait in line: neither do they make the line longer, nor are they
  /// what an event in it takes.
  BOOST_AUTO_TEST_CASE(events_answered_at_once_are_in_nobodys_way) {
    world w;
    w.play(w.edge, 5, 200);
    const auto before = belief_of(w, w.edge);
    const auto tiny = *w.predictor.add_function("tiny", line{0, 0.02});
    for (int i = 0; i < 2000; ++i) {
      auto seen = w.make(w.edge, 5);
      w.predictor.observe(seen);
      for (int k = 0; k < 20; ++k) {
        seen.function = tiny;
        seen.service_ms = 0.02;
        seen.total_ms = 0.05;
        seen.queued = false;
        w.predictor.observe(seen);
      }
    }
    w.predictor.publish(w.now);
    const auto after = belief_of(w, w.edge);
    BOOST_TEST(near(after.mean_service_ms, 5 * normal.at(38), 0.3));
    BOOST_TEST(after.offered < 2 * before.offered);
  }

  BOOST_AUTO_TEST_CASE(a_link_is_offered_what_may_cross_it) {
    world w;
    w.play(w.cloud, 1, 400);
    const auto before = belief_of(w, w.cloud);
    const auto here = *w.predictor.add_function("here", line{0, 1});
    for (int i = 0; i < 400; ++i) {
      auto seen = w.make(w.cloud, 1, 1 + w.random.below(300));
      w.predictor.observe(seen);
      seen.function = here;
      seen.site = w.edge;
      seen.bytes.up = 5e6;
      seen.service_ms = 1;
      seen.total_ms = 1.1;
      w.predictor.observe(seen);
      w.predictor.publish(w.now);
    }
    const auto after = belief_of(w, w.cloud);
    BOOST_TEST(near(after.up_offered, before.up_offered, 0.2));
    BOOST_TEST(near(after.up_carry_ms, before.up_carry_ms, 0.2));
  }

  /// Two sites of one node share its link: an event crosses it once.
  BOOST_AUTO_TEST_CASE(a_function_at_two_sites_of_a_node_is_counted_once) {
    world w;
    w.play(w.cloud, 1, 400);
    const auto before = belief_of(w, w.cloud);
    const auto gpu
      = *w.predictor.add_site({"cloud-1/gpu", "gpu", w.wan, 1});
    w.predictor.cell(w.classify, gpu, w.now);
    w.play(w.cloud, 1, 100);
    BOOST_TEST(near(belief_of(w, w.cloud).up_offered, before.up_offered,
                    0.2));
  }

  /// A router that knows nothing sends its first events to one site.
  BOOST_AUTO_TEST_CASE(the_burst_at_the_beginning_is_not_what_is_usual) {
    world w;
    for (uint32_t left : {4, 3, 2, 1, 0}) {
      auto seen = w.make(w.edge, 5);
      seen.in_flight = seen.queue_length = left;
      w.predictor.observe(seen);
    }
    w.play(w.cloud, 1, 1);
    BOOST_TEST(belief_of(w, w.edge).load < 1);
    BOOST_TEST(belief_of(w, w.edge).load > 0);
    w.play(w.cloud, 1, 200); // 40 s without an event there
    BOOST_TEST(belief_of(w, w.edge).load < 0.01);
  }

BOOST_AUTO_TEST_SUITE_END()
