#include "tests/unit/routing/predictor_world.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

using world = predictor_world;

} // namespace

BOOST_AUTO_TEST_SUITE(predictor_test)

  BOOST_AUTO_TEST_CASE(learns_each_part_where_it_belongs) {
    world w;
    w.play(w.edge, 5, 100);
    w.play(w.cloud, 1, 100);
    const auto edge = w.expect(w.classify, w.edge);
    const auto cloud = w.expect(w.classify, w.cloud);
    BOOST_TEST(std::abs(edge.service / (5 * normal.at(38)) - 1) < 0.1);
    BOOST_TEST(edge.network < 1);
    BOOST_TEST(std::abs(cloud.service / normal.at(38) - 1) < 0.1);
    BOOST_TEST(std::abs(cloud.network / (40 + 4e-4 * 38 * 784) - 1) < 0.1);
    const auto quality = w.predictor.accuracy_of(w.classify, w.edge);
    BOOST_TEST(quality.events == 100u);
    BOOST_TEST(quality.service_error < 0.3);
    BOOST_TEST(quality.service_coverage > 0.8);
    BOOST_TEST(quality.service_nis > 0);
  }

  BOOST_AUTO_TEST_CASE(promises_that_were_not_kept_are_seen) {
    world w;
    const auto kept = [&] {
      return w.predictor.accuracy_of(w.classify, w.edge).promises_kept;
    };
    const auto predict = [&](double share_of_what_it_takes) {
      auto seen = w.make(w.edge, 5);
      seen.predicted_ms = share_of_what_it_takes * seen.total_ms;
      seen.predicted_sd = seen.total_ms / 100;
      BOOST_TEST(w.predictor.observe(seen));
    };
    for (int i = 0; i < 20; ++i)
      predict(2);
    BOOST_TEST(std::abs(kept() - 1) < 0.001);
    predict(0.5); // it is late
    BOOST_TEST(std::abs(kept() - 20.0 / 21) < 0.001);
  }

  BOOST_AUTO_TEST_CASE(cells_change_only_by_publish) {
    world w;
    const auto cell = w.predictor.cell(w.classify, w.edge, w.now);
    const auto before = cell->writes();
    w.predictor.observe(w.make(w.edge, 5));
    BOOST_TEST(cell->writes() == before);
    BOOST_TEST(w.predictor.publish(w.now) == 1u);
    BOOST_TEST(cell->writes() == before + 1);
    BOOST_TEST(w.predictor.publish(w.now) == 0u);
  }

  BOOST_AUTO_TEST_CASE(a_slow_site_warns_the_cells_of_other_functions) {
    world w;
    const auto other = *w.predictor.add_function("other", normal);
    const auto play_both = [&](double factor) {
      w.predictor.observe(w.make(w.edge, factor));
      auto seen = w.make(w.edge, factor);
      seen.function = other;
      w.predictor.observe(seen);
    };
    for (int i = 0; i < 40; ++i)
      play_both(1);
    w.predictor.publish(w.now);
    const double before = w.expect(other, w.edge).service;
    w.play(w.edge, 4, 4); // classify alone
    BOOST_TEST(w.expect(other, w.edge).service > 2 * before);
  }

  BOOST_AUTO_TEST_CASE(probes_bring_a_site_back_without_events) {
    world w;
    const auto probe = [&](double slowdown) {
      BOOST_TEST(
        w.predictor.observe_probe(w.edge, slowdown, w.now += from_ms(500)));
    };
    for (int i = 0; i < 20; ++i) {
      w.play(w.edge, 1, 2);
      probe(1);
    }
    for (int i = 0; i < 10; ++i) {
      w.play(w.edge, 4, 2);
      probe(4);
    }
    BOOST_TEST(w.service(w.edge) > 3 * normal.at(38));
    probe(1);
    probe(1);
    w.predictor.publish(w.now);
    BOOST_TEST(w.service(w.edge) < 1.5 * normal.at(38));
  }

  BOOST_AUTO_TEST_CASE(pings_move_the_network_of_every_site_on_the_link) {
    world w;
    const auto gpu = *w.predictor.add_site({"cloud-1/cuda0", "gpu", w.wan, 1});
    w.play(w.cloud, 1, 50);
    w.expect(w.classify, gpu);
    for (int i = 0; i < 10; ++i)
      w.predictor.observe_ping(w.wan, 120, w.now += from_ms(1000));
    w.predictor.publish(w.now);
    BOOST_TEST(w.expect(w.classify, gpu).network > 110);
    BOOST_TEST(w.expect(w.classify, w.cloud).network > 110);
    BOOST_TEST(w.expect(w.classify, w.edge).network < 1);
  }

  BOOST_AUTO_TEST_CASE(overdue_events_count_before_they_return) {
    world w;
    w.play(w.edge, 1, 100);
    const double before = w.expect(w.classify, w.edge).total;
    w.now += from_ms(210); // sent after all that have returned
    const in_flight_event late{w.classify, w.edge, 38, 200, before, 3};
    w.predictor.tick(std::span{&late, 1}, w.now);
    w.predictor.publish(w.now);
    const auto alone = w.expect(w.classify, w.edge).overdue;
    BOOST_TEST(alone > 60); // a step or an outlier, evenly
    BOOST_TEST(alone < 130);
    const std::vector both{late, late};
    w.predictor.tick(both, w.now);
    w.predictor.publish(w.now);
    const auto held = w.expect(w.classify, w.edge);
    BOOST_TEST(held.overdue > 150);
    BOOST_TEST(held.total > before + 150);
    w.predictor.tick({}, w.now); // they are gone
    w.predictor.publish(w.now);
    BOOST_TEST(w.expect(w.classify, w.edge).overdue == 0);
  }

  BOOST_AUTO_TEST_CASE(a_late_event_that_others_overtook_says_nothing) {
    world w;
    w.play(w.edge, 1, 100);
    const double before = w.expect(w.classify, w.edge).total;
    const in_flight_event late{w.classify, w.edge, 38, 2000, before, 3};
    const std::vector both{late, late};
    w.predictor.tick(both, w.now); // the last 100 returned since it was sent
    w.predictor.publish(w.now);
    BOOST_TEST(w.expect(w.classify, w.edge).overdue == 0);
  }

  BOOST_AUTO_TEST_CASE(outliers_teach_not_to_believe_in_steps) {
    world w;
    w.play(w.edge, 1, 100);
    const double usual = w.service(w.edge);
    std::vector<double> believed;
    for (int i = 0; i < 30; ++i) {
      w.play(w.edge, 6, 1);
      w.predictor.publish(w.now);
      believed.push_back(w.service(w.edge) / usual);
      w.play(w.edge, 1, 20);
    }
    BOOST_TEST(believed.front() > 1.8); // half of ln 6
    BOOST_TEST(believed.back() < 1.5);
  }

  BOOST_AUTO_TEST_CASE(a_probe_takes_back_a_step_that_was_none) {
    world w;
    const auto probe = [&] {
      w.predictor.observe_probe(w.edge, 1, w.now);
      w.predictor.publish(w.now);
    };
    for (int i = 0; i < 20; ++i) {
      probe();
      w.play(w.edge, 1, 5);
    }
    const double usual = w.service(w.edge);
    w.play(w.edge, 8, 3); // three bad ones in a row
    w.predictor.publish(w.now);
    BOOST_TEST(w.service(w.edge) > 3 * usual);
    probe(); // the CPU is as it was
    BOOST_TEST(w.service(w.edge) < 2 * usual);
  }

  BOOST_AUTO_TEST_CASE(a_site_that_returns_is_uncertain) {
    world w;
    w.play(w.edge, 1, 100);
    const auto before = w.expect(w.classify, w.edge);
    BOOST_TEST(w.predictor.observe_return(w.edge, w.now));
    w.predictor.publish(w.now);
    const auto after = w.expect(w.classify, w.edge);
    BOOST_TEST(after.epistemic > 4 * before.epistemic);
    BOOST_TEST(!w.predictor.observe_return(site_index{99}, w.now));
  }

  BOOST_AUTO_TEST_CASE(events_within_their_prediction_are_not_late) {
    world w;
    w.play(w.edge, 1, 100);
    const auto cell = w.predictor.cell(w.classify, w.edge, w.now);
    const auto writes = cell->writes();
    in_flight_event on_time{w.classify, w.edge, 38, 10, 15, 3};
    w.predictor.tick(std::span{&on_time, 1}, w.now);
    w.predictor.publish(w.now);
    BOOST_TEST(cell->writes() == writes);
  }

  BOOST_AUTO_TEST_CASE(a_silent_site_grows_slow_by_timeouts) {
    world w;
    w.play(w.edge, 1, 100);
    const double before = w.service(w.edge);
    for (int i = 0; i < 3; ++i) {
      auto seen = w.make(w.edge, 1);
      seen.outcome = event_outcome::timed_out;
      seen.total_ms = 5000;
      seen.service_ms = 0;
      BOOST_TEST(w.predictor.observe(seen));
    }
    w.predictor.publish(w.now);
    BOOST_TEST(w.service(w.edge) > before);
  }

  BOOST_AUTO_TEST_CASE(failures_teach_the_network_and_not_the_service) {
    world w;
    w.play(w.cloud, 1, 50);
    const double service = w.service(w.cloud);
    for (int i = 0; i < 50; ++i) {
      auto seen = w.make(w.cloud, 1);
      seen.outcome = event_outcome::failed;
      seen.service_ms = 0.1;
      seen.total_ms = 150;
      w.predictor.observe(seen);
    }
    w.predictor.publish(w.now);
    BOOST_TEST(std::abs(w.service(w.cloud) / service - 1) < 0.1);
    BOOST_TEST(w.expect(w.classify, w.cloud).network > 120);
  }

  BOOST_AUTO_TEST_CASE(reports_count_only_the_work_of_others) {
    world w;
    w.play(w.edge, 1, 50);
    auto seen = w.make(w.edge, 1);
    seen.queue_length = 3;
    seen.in_flight = 3;
    w.predictor.observe(seen);
    w.predictor.publish(w.now);
    BOOST_TEST(w.expect(w.classify, w.edge).queue == 0);
    seen.outcome = event_outcome::refused;
    seen.queue_length = 8;
    w.predictor.observe(seen);
    w.predictor.publish(w.now);
    BOOST_TEST(w.expect(w.classify, w.edge).queue > 20);
  }

  BOOST_AUTO_TEST_CASE(cold_starts_are_learned_apart_and_charged_when_idle) {
    world w;
    w.play(w.edge, 1, 50);
    const double service = w.service(w.edge);
    for (int i = 0; i < 5; ++i) {
      auto seen = w.make(w.edge, 10);
      seen.cold_ms = 900;
      seen.total_ms += 900;
      w.predictor.observe(seen);
    }
    w.predictor.publish(w.now);
    BOOST_TEST(std::abs(w.service(w.edge) / service - 1) < 0.1);
    BOOST_TEST(w.expect(w.classify, w.edge).cold == 0); // warm now
    w.predictor.observe_residency(w.classify, w.edge, false, w.now);
    w.predictor.publish(w.now);
    const double charged = w.expect(w.classify, w.edge).cold;
    BOOST_TEST(charged > 0.1); // shared by the many that will come
    BOOST_TEST(charged < 5);
    w.now += std::chrono::hours{1}; // none came: it is borne alone
    w.predictor.observe_residency(w.classify, w.edge, false, w.now);
    w.predictor.publish(w.now);
    BOOST_TEST(w.expect(w.classify, w.edge).cold > 600);
    w.predictor.observe_residency(w.classify, w.edge, true, w.now);
    w.predictor.publish(w.now);
    BOOST_TEST(w.expect(w.classify, w.edge).cold == 0);
  }

  BOOST_AUTO_TEST_CASE(a_function_that_joins_late_is_no_less_known_than_usual) {
    world w;
    const auto usual = w.predictor.cell(w.classify, w.edge, w.now)->read();
    for (int i = 0; i < 300; ++i) {
      w.play(w.edge, 1, 1);
      w.now += std::chrono::minutes{1};
    }
    const auto late = *w.predictor.add_function("late", normal);
    const auto e = w.predictor.cell(late, w.edge, w.now)->read();
    BOOST_TEST(e.log_var <= usual.log_var);
    // nor does one that slept meanwhile grow uncertain without bound
    w.predictor.observe(w.make(w.cloud, 1));
    w.now += std::chrono::hours{1000};
    w.predictor.tick({}, w.now);
    w.predictor.observe(w.make(w.edge, 1));
    BOOST_TEST(w.predictor.cell(late, w.edge, w.now)->read().log_var < 5);
  }

  BOOST_AUTO_TEST_CASE(one_slow_event_is_doubted_for_two_seconds) {
    world w;
    w.play(w.edge, 1, 100);
    const double before = w.service(w.edge);
    w.predictor.observe(w.make(w.edge, 6));
    w.predictor.publish(w.now);
    BOOST_TEST(w.service(w.edge) > 2 * before);
    w.predictor.tick({}, w.now + std::chrono::seconds{1});
    w.predictor.publish(w.now);
    BOOST_TEST(w.service(w.edge) > 2 * before);
    w.predictor.tick({}, w.now + std::chrono::seconds{3});
    w.predictor.publish(w.now);
    BOOST_TEST(w.service(w.edge) < 1.3 * before);
  }

  /// Under a CPU quota short jobs run at full speed on a slow site.
  struct slow_edge : world {
    slow_edge() { play(edge, 20, 40); }
    void short_events(int count, bool probes) {
      for (int i = 0; i < count; ++i) {
        if (probes)
          predictor.observe_probe(edge, 20, now);
        predictor.observe(make(edge, 1, 5));
      }
      predictor.publish(now);
    }
    const double slow = 20 * normal.at(38);
  };

  BOOST_AUTO_TEST_CASE(short_fast_events_are_no_news_where_probes_are_slow) {
    slow_edge w;
    w.short_events(30, true);
    BOOST_TEST(w.service(w.edge) > 0.7 * w.slow);
  }

  BOOST_AUTO_TEST_CASE(without_probes_a_few_short_fast_events_are_no_news) {
    slow_edge w;
    w.short_events(4, false);
    BOOST_TEST(w.service(w.edge) > 0.7 * w.slow);
    w.short_events(20, false);
    BOOST_TEST(w.service(w.edge) < 0.3 * w.slow);
  }

  BOOST_AUTO_TEST_CASE(a_new_site_starts_from_its_tier) {
    world w;
    w.play(w.edge, 5, 100);
    const auto second
      = *w.predictor.add_site({"edge-2/cpu", "edge", w.local, 1});
    const auto other = *w.predictor.add_site({"gpu-1", "gpu", w.local, 1});
    BOOST_TEST(std::abs(w.service(second) / w.service(w.edge) - 1) < 0.2);
    BOOST_TEST(w.service(other) < w.service(w.edge) / 3);
    const auto sure = w.expect(w.classify, w.edge).epistemic;
    BOOST_TEST(w.expect(w.classify, second).epistemic > 3 * sure);
  }

  BOOST_AUTO_TEST_CASE(a_measured_profile_is_believed_at_once) {
    world w;
    BOOST_TEST(w.predictor.set_profile(w.classify, w.edge, {2, 10}, w.now));
    w.predictor.publish(w.now);
    BOOST_TEST(std::abs(w.service(w.edge) / 86 - 1) < 0.2);
    BOOST_TEST(w.predictor.set_profile(w.classify, {1, 1}));
    BOOST_TEST(std::abs(w.service(w.cloud) / 39 - 1) < 0.2);
  }

  BOOST_AUTO_TEST_CASE(one_size_tells_the_level_and_leaves_the_shape_open) {
    world w;
    for (int i = 0; i < 20; ++i) { // another function: how slow the site is
      auto seen = w.make(w.edge, 1);
      seen.function = *w.predictor.add_function("other");
      w.predictor.observe(seen);
    }
    const auto line = fit_line(std::vector<profile_point>{{38, 20}});
    const auto doubt = [&](double n) {
      const auto seen = w.predictor.cell(w.classify, w.edge, w.now)->read();
      const double w_n = seen.intercept / (seen.slope * n + seen.intercept);
      return seen.log_var + 2 * w_n * seen.cov_shape
             + w_n * w_n * seen.var_shape;
    };
    BOOST_TEST(
      w.predictor.set_profile(w.classify, w.edge, line, w.now, 38.0));
    w.predictor.publish(w.now);
    BOOST_TEST(std::abs(w.service(w.edge) / 20 - 1) < 0.2);
    BOOST_TEST(doubt(38) < 0.1);
    BOOST_TEST(doubt(3'800) > 0.5);
    BOOST_TEST(doubt(0.38) > 0.5);
    // One event of another size then tells the shape, and not the level.
    auto event = w.make(w.edge, 1, 3'800);
    event.service_ms = 1'900;
    event.total_ms = event.service_ms + 0.05;
    BOOST_TEST(w.predictor.observe(event));
    w.predictor.publish(w.now);
    BOOST_TEST(std::abs(w.expect(w.classify, w.edge, 3'800).service / 1'900 - 1)
               < 0.2);
    BOOST_TEST(std::abs(w.service(w.edge) / 20 - 1) < 0.25);
    // The same line from several sizes is believed at all of them.
    BOOST_TEST(w.predictor.set_profile(w.classify, w.edge, line, w.now));
    w.predictor.publish(w.now);
    BOOST_TEST(doubt(3'800) < 0.3);
  }

  BOOST_AUTO_TEST_CASE(nonsense_is_refused_counted_and_not_learned) {
    world w;
    w.play(w.cloud, 1, 50);
    const auto before = w.expect(w.classify, w.cloud).total;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    uint64_t count = 0;
    const auto refuses = [&](auto change) {
      auto seen = w.make(w.cloud, 1);
      change(seen);
      BOOST_TEST(!w.predictor.observe(seen));
      BOOST_TEST(w.predictor.refused() == ++count);
    };
    refuses([&](observation& o) { o.total_ms = nan; });
    refuses([&](observation& o) { o.service_ms = -1; });
    refuses([&](observation& o) { o.queue_ms = INFINITY; });
    refuses([&](observation& o) { o.size = nan; });
    refuses([&](observation& o) { o.bytes.up = -1; });
    refuses([&](observation& o) { o.function = function_index{99}; });
    refuses([&](observation& o) { o.site = site_index{99}; });
    refuses([&](observation& o) { o.total_ms = 1; }); // parts exceed the whole
    BOOST_TEST(!w.predictor.observe_probe(w.edge, 0, w.now));
    BOOST_TEST(!w.predictor.observe_probe(w.edge, nan, w.now));
    BOOST_TEST(!w.predictor.observe_probe(site_index{99}, 1, w.now));
    BOOST_TEST(!w.predictor.observe_ping(link_index{99}, 1, w.now));
    BOOST_TEST(!w.predictor.observe_ping(w.wan, nan, w.now));
    BOOST_TEST(!w.predictor.set_profile(w.classify, w.edge, {nan, 1}, w.now));
    in_flight_event odd{w.classify, w.cloud, 1, nan, 10, 1};
    w.predictor.tick(std::span{&odd, 1}, w.now);
    w.predictor.publish(w.now);
    BOOST_TEST(std::abs(w.expect(w.classify, w.cloud).total / before - 1)
               < 0.01);
  }

  BOOST_AUTO_TEST_CASE(registration_is_idempotent_and_checked) {
    world w;
    BOOST_TEST((*w.predictor.add_function("classify") == w.classify));
    BOOST_TEST((*w.predictor.add_link({"wan", {}}) == w.wan));
    BOOST_TEST(
      (*w.predictor.add_site({"edge-1/cpu", "edge", w.local, 2}) == w.edge));
    BOOST_TEST(!w.predictor.add_function(""));
    BOOST_TEST(!w.predictor.add_site({"x", "edge", link_index{9}, 1}));
    BOOST_TEST(!w.predictor.add_site({"x", "edge", w.local, 0}));
    BOOST_TEST(!w.predictor.cell(function_index{9}, w.edge, w.now));
    BOOST_TEST(!w.predictor.cell(w.classify, site_index{9}, w.now));
    BOOST_TEST(w.predictor.accuracy_of(function_index{9}, w.edge).events == 0u);
  }

  BOOST_AUTO_TEST_CASE(a_removed_function_is_forgotten_and_its_cell_readable) {
    world w;
    w.play(w.edge, 5, 50);
    const auto cell = w.predictor.cell(w.classify, w.edge, w.now);
    w.predictor.remove_function(w.classify);
    BOOST_TEST(std::isfinite(cell->read().slope));
    BOOST_TEST(!w.predictor.observe(w.make(w.edge, 1)));
    BOOST_TEST(!w.predictor.cell(w.classify, w.edge, w.now));
    w.predictor.publish(w.now);
    w.predictor.tick({}, w.now);
    const auto again = *w.predictor.add_function("classify", normal);
    BOOST_TEST((again != w.classify));
    BOOST_TEST(w.predictor.accuracy_of(again, w.edge).events == 0u);
  }

  BOOST_AUTO_TEST_CASE(a_site_that_starts_anew_each_time_is_charged_for_it) {
    world w;
    for (int i = 0; i < 20; ++i) {
      auto seen = w.make(w.edge, 5);
      w.now += std::chrono::seconds{5};
      seen.at = w.now;
      seen.cold_ms = 700;
      seen.total_ms += seen.cold_ms;
      w.predictor.observe(seen);
    }
    w.predictor.publish(w.now);
    w.now += std::chrono::seconds{5};
    const auto parts = w.expect(w.classify, w.edge);
    // Few others, if any, would find it loaded.
    BOOST_TEST(parts.cold > 450);
    BOOST_TEST(parts.cold < 900);
    // There is no warm event to learn its service from.
    BOOST_TEST(std::abs(parts.service / (5 * normal.at(38)) - 1) < 0.25);
  }

  BOOST_AUTO_TEST_CASE(a_site_that_stays_is_not_charged) {
    world w;
    for (int i = 0; i < 20; ++i) {
      auto seen = w.make(w.edge, 5);
      w.now += std::chrono::seconds{5};
      seen.at = w.now;
      if (i == 0) {
        seen.cold_ms = 700;
        seen.total_ms += seen.cold_ms;
      }
      w.predictor.observe(seen);
    }
    w.predictor.publish(w.now);
    w.now += std::chrono::seconds{5};
    BOOST_TEST(w.expect(w.classify, w.edge).cold == 0);
  }

  BOOST_AUTO_TEST_SUITE_END()
