// What experiments switch off makes the difference that it is said to make.
#include "tests/unit/routing/predictor_world.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

/// What is expected at a second edge, after the first has been slow.
double second_edge(bool tiers) {
  predictor_config how;
  how.tiers = tiers;
  predictor_world w{how};
  w.play(w.edge, 6, 60);
  const auto other = *w.predictor.add_site({"edge-2/cpu", "edge", w.local, 1});
  return w.service(other) / normal.at(38);
}

/// Of a function that nobody told of: what is expected for a size of 10 after
/// events of two sizes, which take 5 + n ms.
double after_two(bool fit) {
  predictor_config how;
  how.service.fit_first = fit;
  predictor_world w{how};
  const auto unknown = *w.predictor.add_function("unknown");
  for (const double n : {1.0, 100.0}) {
    auto seen = w.make(w.edge, 1, n);
    seen.function = unknown;
    seen.service_ms = 5 + n;
    seen.total_ms = seen.service_ms + 0.05;
    w.predictor.observe(seen);
  }
  w.predictor.publish(w.now);
  return w.expect(unknown, w.edge, 10).service;
}

float reach(bool learned) {
  predictor_config how;
  how.quantiles = learned;
  predictor_world w{how};
  for (int i = 0; i < 300; ++i) {
    auto seen = w.make(w.edge, 1);
    seen.predicted_ms = seen.total_ms * (i % 2 == 0 ? 0.25 : 1.75);
    seen.predicted_sd = seen.total_ms / 10;
    w.predictor.observe(seen);
  }
  w.predictor.publish(w.now);
  return belief_of(w, w.edge).interval_sigmas;
}

} // namespace

BOOST_AUTO_TEST_SUITE(switches_test)

BOOST_AUTO_TEST_CASE(without_tiers_a_site_begins_as_any) {
  BOOST_TEST(second_edge(true) > 3);
  BOOST_TEST(near(second_edge(false), 1, 0.2));
}

BOOST_AUTO_TEST_CASE(without_the_fit_the_order_of_first_events_counts) {
  const double together = std::abs(after_two(true) - 15);
  BOOST_TEST(together < std::abs(after_two(false) - 15));
}

BOOST_AUTO_TEST_CASE(without_quantiles_an_interval_reaches_as_at_the_begin) {
  BOOST_TEST(reach(true) > 4);
  BOOST_TEST(reach(false) == 1.645f);
}

BOOST_AUTO_TEST_SUITE_END()
