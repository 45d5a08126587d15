// What a new version of a function begins with.
#include "tests/unit/routing/predictor_world.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

bool near(double a, double b, double share) {
  return std::abs(a / b - 1) <= share;
}

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
  size_t succeed(bool same_work) {
    const auto taken = predictor.succeed(next, classify, same_work);
    predictor.publish(now);
    return taken;
  }
  function_index next = *predictor.add_function("classify@2");
};

} // namespace

BOOST_AUTO_TEST_SUITE(succession_test)

  BOOST_AUTO_TEST_CASE(the_same_work_goes_on_as_if_nothing_had_happened) {
    world w;
    BOOST_TEST(w.succeed(true) == 2u);
    for (const auto site : {w.edge, w.cloud})
      for (const double n : {1.0, 40.0, 250.0}) {
        const auto old = w.expect(w.classify, site, n);
        const auto now = w.expect(w.next, site, n);
        BOOST_TEST(now.service == old.service);
        BOOST_TEST(near(now.epistemic, old.epistemic, 1e-9));
        BOOST_TEST(now.promise_sigmas == old.promise_sigmas);
      }
    // The loads, too, once it is not in memory.
    for (const auto f : {w.classify, w.next})
      w.predictor.observe_residency(f, w.edge, false, w.now);
    w.predictor.publish(w.now);
    BOOST_TEST(w.expect(w.classify, w.edge).cold > 0);
    BOOST_TEST(near(w.expect(w.next, w.edge).cold, 700, 0.3));
  }

  BOOST_AUTO_TEST_CASE(other_work_begins_alike_but_in_doubt) {
    world w;
    const auto blank = w.expect(w.next, w.edge);
    BOOST_TEST(w.succeed(false) == 2u); // though both have cells by now
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

  BOOST_AUTO_TEST_CASE(what_it_has_learned_itself_is_kept) {
    world w;
    const auto before = w.classify;
    w.classify = w.next;
    w.play(w.edge, 2, 40);
    const auto own = w.service(w.edge);
    BOOST_TEST(w.predictor.succeed(w.next, before, true) == 1u); // the cloud
    w.predictor.publish(w.now);
    BOOST_TEST(w.service(w.edge) == own);
  }

  BOOST_AUTO_TEST_CASE(a_trial_run_of_other_work_counts_more) {
    world w;
    const line measured{0.01, 2};
    w.predictor.set_profile(w.next, w.edge, measured, w.now);
    w.predictor.publish(w.now);
    const auto told = w.expect(w.next, w.edge).service;
    BOOST_TEST(w.succeed(false) == 1u);
    BOOST_TEST(w.expect(w.next, w.edge).service == told);
  }

  BOOST_AUTO_TEST_CASE(a_load_alone_makes_no_certainty_about_the_service) {
    predictor_world w;
    const auto first = *w.predictor.add_function("g@1");
    const auto second = *w.predictor.add_function("g@2");
    w.predictor.observe_load(first, w.edge, 900, w.now);
    const auto blank = w.expect(second, w.edge);
    BOOST_TEST(w.predictor.succeed(second, first, false) == 1u);
    w.predictor.publish(w.now);
    BOOST_TEST(w.expect(second, w.edge).service == blank.service);
    BOOST_TEST(w.expect(second, w.edge).epistemic == blank.epistemic);
    w.predictor.observe_residency(second, w.edge, false, w.now);
    w.predictor.publish(w.now);
    BOOST_TEST(near(w.expect(second, w.edge).cold, 900, 0.3));
  }

  BOOST_AUTO_TEST_CASE(nonsense_is_refused) {
    world w;
    const auto refused = w.predictor.refused();
    BOOST_TEST(w.predictor.succeed(w.next, w.next, true) == 0u);
    BOOST_TEST(w.predictor.succeed(w.next, function_index{99}, true) == 0u);
    w.predictor.remove_function(w.classify);
    BOOST_TEST(w.predictor.succeed(w.next, w.classify, true) == 0u);
    BOOST_TEST(w.predictor.refused() == refused + 3);
  }

BOOST_AUTO_TEST_SUITE_END()
