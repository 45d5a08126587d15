// What a new version of a function begins with.
#include "tests/unit/routing/predictor_world.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

/// A function without a trial run, ten times slower at the edge than it looks.
struct world : predictor_world {
  world() {
    classify = *predictor.add_function("classify@1");
    play(edge, 10, 60);
    play(cloud, 3, 60);
    for (int i = 0; i < 5; ++i)
      predictor.observe_load(classify, edge, 700 + i, now += from_ms(100));
    predictor.publish(now);
  }
  size_t succeed(likeness what) {
    const auto taken = predictor.succeed(next, classify, what);
    predictor.publish(now);
    return taken;
  }
  function_index next = *predictor.add_function("classify@2");
};

} // namespace

BOOST_AUTO_TEST_SUITE(succession_test)

  BOOST_AUTO_TEST_CASE(the_same_work_goes_on_as_if_nothing_had_happened) {
    world w;
    BOOST_TEST(w.succeed(likeness::same_work) == 2u);
    for (const auto site : {w.edge, w.cloud})
      for (const double n : {1.0, 40.0, 250.0}) {
        const auto old = w.expect(w.classify, site, n);
        const auto now = w.expect(w.next, site, n);
        // The old cell was written a moment before.
        BOOST_TEST(near(now.service, old.service, 0.01));
        BOOST_TEST(near(now.epistemic, old.epistemic, 0.01));
        BOOST_TEST(now.promise_sigmas == old.promise_sigmas);
      }
    // The loads, too, once it is not in memory.
    for (const auto f : {w.classify, w.next})
      w.predictor.observe_residency(f, w.edge, false, w.now);
    w.predictor.publish(w.now);
    BOOST_TEST(w.expect(w.classify, w.edge).cold > 0);
    BOOST_TEST(near(w.expect(w.next, w.edge).cold,
                    w.expect(w.classify, w.edge).cold, 0.01));
  }

  BOOST_AUTO_TEST_CASE(other_work_begins_alike_but_in_doubt) {
    world w;
    const auto blank = w.expect(w.next, w.edge);
    BOOST_TEST(w.succeed(likeness::alike) == 2u); // though both have cells by now
    for (const auto site : {w.edge, w.cloud}) {
      const auto old = w.expect(w.classify, site);
      const auto now = w.expect(w.next, site);
      BOOST_TEST(near(now.service, old.service, 0.3));
      BOOST_TEST(now.epistemic > 2 * old.epistemic);
    }
    BOOST_TEST(!near(blank.service, w.expect(w.next, w.edge).service, 0.3));
    w.predictor.observe_residency(w.next, w.edge, false, w.now);
    w.predictor.publish(w.now);
    BOOST_TEST(near(w.expect(w.next, w.edge).cold, 700, 0.3));
    // It may be ten times faster: a few events tell.
    w.classify = w.next;
    w.play(w.edge, 1, 8);
    BOOST_TEST(near(w.service(w.edge), normal.at(38), 0.3));
  }

  /// The one before still serves, and learns.
  BOOST_AUTO_TEST_CASE(what_is_only_inherited_is_replaced_by_what_came_since) {
    world w;
    w.succeed(likeness::same_work);
    const auto inherited = w.expect(w.next, w.edge).service;
    w.play(w.edge, 30, 200);
    BOOST_TEST(w.expect(w.classify, w.edge).service > 2 * inherited);
    BOOST_TEST(w.succeed(likeness::alike) == 0u);
    BOOST_TEST(w.succeed(likeness::same_work) == 2u);
    BOOST_TEST(near(w.expect(w.next, w.edge).service,
                    w.expect(w.classify, w.edge).service, 0.01));
  }

  BOOST_AUTO_TEST_CASE(what_it_has_learned_itself_is_kept) {
    world w;
    const auto before = w.classify;
    w.classify = w.next;
    w.play(w.edge, 2, 40);
    const auto own = w.service(w.edge);
    BOOST_TEST(w.predictor.succeed(w.next, before, likeness::same_work) == 1u); // the cloud
    w.predictor.publish(w.now);
    BOOST_TEST(w.service(w.edge) == own);
  }

  BOOST_AUTO_TEST_CASE(a_trial_run_of_other_work_counts_more) {
    world w;
    const line measured{0.01, 2};
    w.predictor.set_profile(w.next, w.edge, measured, w.now);
    w.predictor.publish(w.now);
    const auto told = w.expect(w.next, w.edge).service;
    BOOST_TEST(w.succeed(likeness::alike) == 1u);
    BOOST_TEST(w.expect(w.next, w.edge).service == told);
  }

  BOOST_AUTO_TEST_CASE(a_load_alone_makes_no_certainty_about_the_service) {
    predictor_world w;
    const auto first = *w.predictor.add_function("g@1");
    const auto second = *w.predictor.add_function("g@2");
    w.predictor.observe_load(first, w.edge, 900, w.now);
    const auto blank = w.expect(second, w.edge);
    BOOST_TEST(w.predictor.succeed(second, first, likeness::alike) == 1u);
    w.predictor.publish(w.now);
    BOOST_TEST(w.expect(second, w.edge).service == blank.service);
    BOOST_TEST(w.expect(second, w.edge).epistemic == blank.epistemic);
    w.predictor.observe_residency(second, w.edge, false, w.now);
    w.predictor.publish(w.now);
    BOOST_TEST(near(w.expect(second, w.edge).cold, 900, 0.3));
  }

  BOOST_AUTO_TEST_CASE(another_unit_of_size_leaves_the_loads_only) {
    world w;
    const auto blank = w.expect(w.next, w.edge);
    w.succeed(likeness::loads_only);
    BOOST_TEST(w.expect(w.next, w.edge).service == blank.service);
    w.predictor.observe_residency(w.next, w.edge, false, w.now);
    w.predictor.publish(w.now);
    BOOST_TEST(near(w.expect(w.next, w.edge).cold, 700, 0.3));
  }

  BOOST_AUTO_TEST_CASE(loads_are_shared_out_as_before) {
    predictor_world w; // some events a second
    w.play(w.edge, 1, 200);
    for (int i = 0; i < 5; ++i)
      w.predictor.observe_load(w.classify, w.edge, 700 + i,
                               w.now += from_ms(100));
    const auto next = *w.predictor.add_function("classify@2");
    w.predictor.succeed(next, w.classify, likeness::same_work);
    w.predictor.observe_residency(next, w.edge, false, w.now);
    w.predictor.publish(w.now);
    BOOST_TEST(w.expect(next, w.edge).cold < 7); // 1 of 1000 events pays it
  }

  BOOST_AUTO_TEST_CASE(a_new_router_is_told_what_was_inherited) {
    world w;
    w.succeed(likeness::same_work);
    w.predictor.remove_function(w.classify);
    const auto told = w.predictor.experience(10);
    BOOST_TEST(told.pairs.size() == 2u);
    BOOST_TEST(told.sites.size() == 2u);
  }

  BOOST_AUTO_TEST_CASE(nonsense_is_refused) {
    world w;
    const auto refused = w.predictor.refused();
    BOOST_TEST(w.predictor.succeed(w.next, w.next, likeness::alike) == 0u);
    BOOST_TEST(w.predictor.succeed(w.next, function_index{99},
                                   likeness::alike) == 0u);
    w.predictor.remove_function(w.classify);
    BOOST_TEST(w.predictor.succeed(w.next, w.classify, likeness::alike) == 0u);
    BOOST_TEST(w.predictor.refused() == refused + 3);
  }

BOOST_AUTO_TEST_SUITE_END()
