// What a predictor keeps over restarts, and what it takes over from others.
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

BOOST_AUTO_TEST_SUITE(predictor_state_test)

  BOOST_AUTO_TEST_CASE(a_snapshot_survives_a_restart) {
    world w;
    w.play(w.edge, 5, 100);
    w.play(w.cloud, 1, 100);
    auto saved = w.predictor.save();
    world fresh;
    BOOST_TEST(
      fresh.predictor.restore(saved, std::chrono::seconds{5}, fresh.now)
      == saved.links.size() + saved.sites.size() + saved.pairs.size());
    fresh.predictor.publish(fresh.now);
    for (const auto site : {w.edge, w.cloud}) {
      const auto old = w.expect(w.classify, site);
      const auto now = fresh.expect(fresh.classify, site);
      BOOST_TEST(std::abs(now.total / old.total - 1) < 0.15);
      BOOST_TEST(now.epistemic > old.epistemic);
    }
  }

  BOOST_AUTO_TEST_CASE(a_damaged_snapshot_is_skipped_where_it_is_damaged) {
    world w;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    snapshot bad;
    bad.links = {{"wan", nan, 0}, {"unknown", 1, 0}};
    bad.sites = {{"edge-1/cpu", 1e9}, {"unknown", 0}};
    snapshot::pair pair;
    pair.function = "classify";
    pair.site = "edge-1/cpu";
    pair.slope = nan;
    bad.pairs = {pair, {}};
    BOOST_TEST(w.predictor.restore(bad, {}, w.now) == 0u);
    BOOST_TEST(std::isfinite(w.expect(w.classify, w.edge).total));
  }

  BOOST_AUTO_TEST_CASE(a_new_router_starts_from_what_another_has_learned) {
    world w;
    w.play(w.edge, 5, 100);
    w.play(w.cloud, 2, 100);
    auto told = w.predictor.experience(100);
    BOOST_TEST(told.links.empty());
    BOOST_TEST(told.sites.size() == 2u);
    BOOST_TEST(told.pairs.size() == 2u);
    world fresh;
    BOOST_TEST(fresh.predictor.adopt(told, fresh.now) == 4u);
    BOOST_TEST(told.sites.empty());
    BOOST_TEST(told.pairs.empty());
    fresh.predictor.publish(fresh.now);
    for (const auto site : {w.edge, w.cloud}) {
      const auto old = w.expect(w.classify, site);
      const auto now = fresh.expect(fresh.classify, site);
      BOOST_TEST(std::abs(now.service / old.service - 1) < 0.15);
      BOOST_TEST(now.epistemic > old.epistemic);
    }
  }

  BOOST_AUTO_TEST_CASE(own_experience_is_not_replaced) {
    world other;
    other.play(other.edge, 50, 100);
    other.play(other.cloud, 2, 100);
    auto told = other.predictor.experience(100);
    world w;
    w.play(w.edge, 5, 100);
    const double before = w.service(w.edge);
    BOOST_TEST(w.predictor.adopt(told, w.now) == 2u); // the cloud's two
    w.predictor.publish(w.now);
    BOOST_TEST(w.service(w.edge) == before);
    BOOST_TEST(std::abs(w.service(w.cloud) / (2 * normal.at(38)) - 1) < 0.15);
  }

  BOOST_AUTO_TEST_CASE(what_is_not_known_yet_waits) {
    world other;
    other.play(other.cloud, 7, 100);
    auto told = other.predictor.experience(100);
    class predictor late{predictor_config{}};
    const auto wan = *late.add_link({"wan", {}});
    BOOST_TEST(late.adopt(told, other.now) == 0u);
    BOOST_TEST(told.pairs.size() == 1u);
    const auto cloud = *late.add_site({"cloud-1/cpu", "cloud", wan, 4});
    const auto classify = *late.add_function("classify", normal);
    BOOST_TEST(late.adopt(told, other.now) == 2u);
    late.publish(other.now);
    const auto cell = late.cell(classify, cloud, other.now);
    candidate c;
    c.site = cloud;
    c.cell = cell.get();
    event_features event;
    event.size = 38;
    const auto parts = predict(cell->read(), c, event, other.now);
    BOOST_TEST(std::abs(parts.service / (7 * normal.at(38)) - 1) < 0.15);
  }

  BOOST_AUTO_TEST_CASE(a_share_of_the_experience_can_be_asked_for) {
    world w;
    w.play(w.edge, 5, 20);
    w.play(w.cloud, 5, 20);
    BOOST_TEST(w.predictor.experience(1).pairs.size() == 1u);
    world fresh;
    BOOST_TEST(fresh.predictor.experience(100).pairs.empty());
  }

  BOOST_AUTO_TEST_CASE(what_a_hostile_router_tells_is_bounded) {
    world w;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    snapshot bad;
    for (const double x : {nan, 1e300, -1e300, 13.0}) {
      bad.sites.push_back({"edge-1/cpu", x});
      bad.pairs.push_back({"classify", "edge-1/cpu", 1, 1, x, 0, 0.1, x, x});
      bad.pairs.push_back({"classify", "edge-1/cpu", nan, 1, 0, 0, 0.1, 1, 1});
    }
    BOOST_TEST(w.predictor.adopt(bad, w.now) == 0u);
    w.predictor.publish(w.now);
    BOOST_TEST(std::isfinite(w.expect(w.classify, w.edge).total));
  }

  /// Routers agree on changes of a site's part only, not on its level.
  BOOST_AUTO_TEST_CASE(what_two_routers_tell_of_a_site_is_not_mixed) {
    world w;
    const auto other = *w.predictor.add_function("other", normal);
    const auto pair = [](const char* function, double own) {
      return snapshot::pair{function, "cloud-1/cpu", normal.slope,
                            normal.intercept, own, 0, 0.05, 1, 1};
    };
    snapshot first, second;
    first.sites = {{"cloud-1/cpu", 0.7}};
    first.pairs = {pair("classify", 0.4)};
    second.sites = {{"cloud-1/cpu", 0}};
    second.pairs = {pair("classify", 0.2), pair("other", 0.3)};
    BOOST_TEST(w.predictor.adopt(first, w.now) == 2u);
    w.predictor.publish(w.now);
    const double before = w.service(w.cloud);
    BOOST_TEST(w.predictor.adopt(second, w.now) == 1u); // of the other function
    BOOST_TEST(second.sites.empty());
    w.predictor.publish(w.now);
    BOOST_TEST(near(w.service(w.cloud), before, 1e-6));
    BOOST_TEST(near(w.expect(other, w.cloud).service,
                    before * std::exp(0.3 - 1.1), 1e-6));
  }

  /// The site's level is told with the functions that are known by then.
  BOOST_AUTO_TEST_CASE(a_function_that_comes_later_fits_what_was_told) {
    world other;
    const auto late = *other.predictor.add_function("late", normal);
    for (int i = 0; i < 200; ++i) {
      other.predictor.observe(other.make(other.cloud, 3, 1 + i));
      auto seen = other.make(other.cloud, 6, 1 + i);
      seen.function = late;
      other.predictor.observe(seen);
    }
    auto told = other.predictor.experience(100);
    world w;
    BOOST_TEST(w.predictor.adopt(told, w.now) == 2u);
    BOOST_TEST(told.sites.size() == 1u);
    const auto here = *w.predictor.add_function("late", normal);
    BOOST_TEST(w.predictor.adopt(told, w.now) == 1u);
    BOOST_TEST(told.sites.empty());
    w.predictor.publish(w.now);
    BOOST_TEST(near(w.expect(here, w.cloud).service, 6 * normal.at(38), 0.15));
    BOOST_TEST(near(w.service(w.cloud), 3 * normal.at(38), 0.15));
  }

  BOOST_AUTO_TEST_CASE(a_trial_run_holds_whatever_is_told_of_its_site) {
    world w;
    w.predictor.set_profile(w.classify, w.cloud, line{0.5, 1}, w.now);
    w.predictor.publish(w.now);
    const double before = w.service(w.cloud);
    BOOST_TEST(near(before, 20, 0.15)); // the mean of a doubtful one
    snapshot told;
    told.sites = {{"cloud-1/cpu", 0.7}};
    BOOST_TEST(w.predictor.adopt(told, w.now) == 1u);
    w.predictor.publish(w.now);
    BOOST_TEST(near(w.service(w.cloud), before, 0.1));
  }

  BOOST_AUTO_TEST_CASE(a_trial_run_is_less_than_what_events_told_another) {
    world other;
    other.play(other.cloud, 3, 200);
    auto told = other.predictor.experience(100);
    world w;
    w.predictor.adopt(told, w.now);
    w.predictor.set_profile(w.classify, w.cloud, normal, w.now);
    w.predictor.publish(w.now);
    BOOST_TEST(near(w.service(w.cloud), 3 * normal.at(38), 0.15));
  }

  /// What is told of a site is no change that its probes would have to confirm.
  BOOST_AUTO_TEST_CASE(probes_go_on_from_what_was_told) {
    world other;
    other.play(other.cloud, 8, 200);
    auto told = other.predictor.experience(100);
    world w;
    w.predictor.observe_probe(w.cloud, 1, w.now);
    w.predictor.adopt(told, w.now);
    w.predictor.publish(w.now);
    const double before = w.service(w.cloud);
    BOOST_TEST(near(before, 8 * normal.at(38), 0.15));
    for (int i = 0; i < 20; ++i)
      w.predictor.observe_probe(w.cloud, 1, w.now += from_ms(500));
    w.predictor.publish(w.now);
    BOOST_TEST(near(w.service(w.cloud), before, 0.2));
  }

BOOST_AUTO_TEST_SUITE_END()
