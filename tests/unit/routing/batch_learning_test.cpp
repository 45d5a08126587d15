// What the batches of a site teach.
#include "tests/unit/routing/predictor_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

/// Batches of up to 16 take 12 + 0.8 items ms, by the trial run.
struct gpu_world : predictor_world {
  site_index gpu = *predictor.add_site({"gpu-1/cuda0", "gpu", wan, 1});
  function_index detect = *predictor.add_function("detect");

  gpu_world() {
    predictor.set_profile(detect, gpu, {0.8, 12}, now);
    predictor.set_batches(detect, gpu, 16);
  }
  observation event(double batch, double factor) {
    observation seen;
    seen.function = detect;
    seen.site = gpu;
    seen.batch_size = batch > 1 ? batch : 0;
    const double all = factor * (12 + 0.8 * batch);
    seen.batch_ms = batch > 1 ? all : 0;
    seen.service_ms = all / batch;
    seen.queue_ms = all - seen.service_ms;
    seen.total_ms = all + 40;
    seen.at = now;
    return seen;
  }
  /// All events of a batch.
  void play(double batch, double factor) {
    now += from_ms(50);
    for (int i = 0; i < batch; ++i)
      predictor.observe(event(batch, factor));
    predictor.publish(now);
  }
  estimate belief() { return predictor.cell(detect, gpu, now)->read(); }
  /// What a batch of that size is expected to take.
  double takes(double size) {
    const auto e = belief();
    return e.factor * (e.slope * size + e.intercept);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(batch_learning_test, gpu_world)

BOOST_AUTO_TEST_CASE(batches_teach_what_batches_take) {
  random_source drawn{5};
  BOOST_TEST_MESSAGE("seed 5");
  for (int i = 0; i < 300; ++i)
    play(1 + static_cast<double>(drawn.below(16)),
         2 * std::exp(0.1 * drawn.normal()));
  for (const double size : {1, 8, 16})
    BOOST_TEST(near(takes(size), 2 * (12 + 0.8 * size), 0.05));
}

BOOST_AUTO_TEST_CASE(a_batch_tells_once_however_many_its_events) {
  gpu_world once;
  for (auto* one : {static_cast<gpu_world*>(this), &once})
    for (int i = 0; i < 40; ++i)
      one->play(16, 1);
  once.now += from_ms(50);
  play(16, 1.6);
  once.predictor.observe(once.event(16, 1.6));
  once.predictor.publish(once.now);
  BOOST_TEST(near(takes(16), once.takes(16), 1e-9));
  BOOST_TEST(predictor.accuracy_of(detect, gpu).changes
             == once.predictor.accuracy_of(once.detect, once.gpu).changes);
}

BOOST_AUTO_TEST_CASE(a_site_is_offered_shares_of_full_batches) {
  for (int i = 0; i < 2000; ++i) {
    now += from_ms(10);
    predictor.observe(event(1, 1)); // alone, each
    predictor.publish(now);
  }
  // 100 events a second: alone they would be 1.28 servers' work.
  BOOST_TEST(near(belief().offered, 0.1 * (12 + 0.8 * 16) / 16, 0.2));
}

BOOST_AUTO_TEST_CASE(an_event_that_came_to_nothing_may_have_been_in_a_full_one) {
  for (int i = 0; i < 40; ++i)
    play(16, 1);
  const auto before = takes(16);
  const auto give_up = [&](double after) {
    auto seen = event(1, 1);
    seen.outcome = event_outcome::timed_out;
    seen.queue_ms = seen.service_ms = 0;
    seen.total_ms = 40 + after;
    now += from_ms(50);
    seen.at = now;
    predictor.observe(seen);
    predictor.publish(now);
  };
  give_up(20); // longer than alone
  BOOST_TEST(near(takes(16), before, 0.02));
  for (int i = 0; i < 10; ++i)
    give_up(200);
  BOOST_TEST(takes(16) > 1.5 * before);
}

BOOST_AUTO_TEST_CASE(what_makes_no_sense_is_refused) {
  auto seen = event(4, 1);
  seen.batch_ms = -1;
  BOOST_TEST(!predictor.observe(seen));
  seen = event(4, 1);
  seen.batch_size = std::nan("");
  BOOST_TEST(!predictor.observe(seen));
  BOOST_TEST(!predictor.set_batches(detect, gpu, -2));
  BOOST_TEST(!predictor.set_batches(detect, site_index{99}, 4));
}

BOOST_AUTO_TEST_SUITE_END()
