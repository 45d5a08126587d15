// Observations that cannot be, or hardly, and clocks that jump.
#include "tests/unit/routing/predictor_world.hpp"

#include "libfaas/routing/plausible.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <vector>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

using world = predictor_world;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double hour_ms = 3.6e6;

bool finite(const prediction& p) {
  for (const double x : {p.network, p.queue, p.service, p.cold, p.overdue,
                         p.total, p.variance, p.epistemic, p.imposed})
    if (!std::isfinite(x) || x < 0)
      return false;
  return true;
}

/// An event like others, but for one of its times.
observation odd(world& w, double observation::*field, double value) {
  auto seen = w.make(w.cloud, 1);
  seen.*field = value;
  return seen;
}

} // namespace

BOOST_AUTO_TEST_SUITE(absurd_test)

  BOOST_AUTO_TEST_CASE(times_that_cannot_be_are_refused_and_change_nothing) {
    for (const auto field :
         {&observation::total_ms, &observation::queue_ms,
          &observation::service_ms, &observation::cold_ms})
      for (const double value : {not_a_number, infinite, -infinite, -1.0, -1e-9, 1.1e7, 1e300}) {
        world w;
        w.play(w.cloud, 1, 50);
        const auto before = w.expect(w.classify, w.cloud);
        BOOST_TEST(!w.predictor.observe(odd(w, field, value)));
        BOOST_TEST(w.predictor.refused() == 1u);
        w.predictor.publish(w.now);
        BOOST_TEST(near(w.expect(w.classify, w.cloud).total, before.total,
                        0.01));
      }
  }

  /// As much as a total that holds it: else its parts exceed the whole.
  BOOST_AUTO_TEST_CASE(an_hour_of_service_has_a_bounded_influence) {
    world w;
    w.play(w.edge, 1, 100);
    const double before = w.service(w.edge);
    auto seen = w.make(w.edge, 1);
    seen.service_ms = hour_ms;
    seen.total_ms = hour_ms + 1;
    BOOST_TEST(w.predictor.observe(seen));
    w.predictor.tick({}, w.now += std::chrono::seconds{3}); // the doubt is over
    w.predictor.publish(w.now);
    BOOST_TEST(w.service(w.edge) < 1.5 * before);
    w.play(w.edge, 1, 5);
    BOOST_TEST(near(w.service(w.edge), before, 0.3));
  }

  BOOST_AUTO_TEST_CASE(an_hour_on_the_way_has_a_bounded_influence) {
    world w;
    w.play(w.cloud, 1, 100);
    const double before = w.expect(w.classify, w.cloud).network;
    auto seen = w.make(w.cloud, 1);
    seen.total_ms = hour_ms;
    BOOST_TEST(w.predictor.observe(seen));
    w.predictor.publish(w.now);
    BOOST_TEST(w.expect(w.classify, w.cloud).network < 2 * before);
    w.play(w.cloud, 1, 20);
    BOOST_TEST(near(w.expect(w.classify, w.cloud).network, before, 0.2));
  }

  BOOST_AUTO_TEST_CASE(an_hour_in_the_queue_is_no_service) {
    world w;
    w.play(w.cloud, 1, 100);
    const auto before = w.expect(w.classify, w.cloud);
    auto seen = w.make(w.cloud, 1);
    seen.queue_ms = hour_ms;
    seen.total_ms += hour_ms;
    BOOST_TEST(w.predictor.observe(seen));
    w.predictor.publish(w.now);
    BOOST_TEST(near(w.expect(w.classify, w.cloud).total, before.total, 0.1));
  }

  BOOST_AUTO_TEST_CASE(times_of_zero_leave_finite_beliefs_that_recover) {
    world w;
    w.play(w.cloud, 1, 100);
    const double before = w.expect(w.classify, w.cloud).total;
    auto seen = w.make(w.cloud, 1);
    seen.total_ms = seen.service_ms = seen.bytes.up = seen.size = 0;
    w.predictor.observe(seen);
    w.predictor.publish(w.now);
    BOOST_TEST(finite(w.expect(w.classify, w.cloud)));
    w.play(w.cloud, 1, 40);
    BOOST_TEST(near(w.expect(w.classify, w.cloud).total, before, 0.2));
  }

  BOOST_AUTO_TEST_CASE(sizes_and_bytes_without_bound_leave_finite_beliefs) {
    using amount = double& (*)(observation&);
    const amount amounts[]
      = {[](observation& o) -> double& { return o.size; },
         [](observation& o) -> double& { return o.bytes.up; },
         [](observation& o) -> double& { return o.bytes.down; }};
    for (const auto of : amounts) {
      world w;
      w.play(w.cloud, 1, 100);
      const double before = w.expect(w.classify, w.cloud).total;
      auto seen = w.make(w.cloud, 1);
      of(seen) = 1e9;
      w.predictor.observe(seen);
      w.predictor.publish(w.now);
      BOOST_TEST(finite(w.expect(w.classify, w.cloud)));
      w.play(w.cloud, 1, 60);
      BOOST_TEST(near(w.expect(w.classify, w.cloud).total, before, 0.3));
    }
  }

  BOOST_AUTO_TEST_CASE(clocks_that_jump_leave_finite_beliefs_that_recover) {
    for (const int hours : {-7, -1, 1, 100}) {
      BOOST_TEST_CONTEXT(hours << " h") {
        world w;
        w.play(w.cloud, 1, 100);
        const double before = w.expect(w.classify, w.cloud).total;
        const auto look = [&] {
          w.predictor.publish(w.now);
          const auto belief = w.expect(w.classify, w.cloud);
          BOOST_TEST(finite(belief));
          // No more than of a site and a link that nothing is known of.
          BOOST_TEST(belief.variance < 1e5);
        };
        const auto real = w.now;
        w.now += std::chrono::hours{hours}; // in one event's time alone
        w.predictor.observe(w.make(w.cloud, 1));
        look();
        w.now = real;
        w.predictor.tick({}, w.now + std::chrono::hours{hours});
        look();
        w.now += std::chrono::hours{hours}; // for good
        w.predictor.tick({}, w.now);
        look();
        w.play(w.cloud, 1, 30);
        look();
        BOOST_TEST(near(w.expect(w.classify, w.cloud).total, before, 0.2));
      }
    }
  }

  // -- queues --------------------------------------------------------------------

  void tell(world& w, uint32_t queue) {
    auto seen = w.make(w.edge, 1);
    seen.queue_length = queue;
    BOOST_TEST(w.predictor.observe(seen));
    w.predictor.publish(w.now);
  }

  BOOST_AUTO_TEST_CASE(one_report_of_a_queue_moves_the_belief_boundedly) {
    world w;
    w.play(w.edge, 1, 100);
    const double each = belief_of(w, w.edge).mean_service_ms;
    tell(w, 4'000'000'000u);
    BOOST_TEST(belief_of(w, w.edge).others == 32);
    BOOST_TEST(w.expect(w.classify, w.edge).queue < 33 * each);
    tell(w, 0);
    BOOST_TEST(belief_of(w, w.edge).others == 0);
    BOOST_TEST(belief_of(w, w.edge).others_usual < 3);
    BOOST_TEST(w.expect(w.classify, w.edge).queue < 3 * each);
  }

  BOOST_AUTO_TEST_CASE(no_queue_is_longer_than_a_site_can_hold) {
    world w;
    w.play(w.edge, 1, 10);
    for (int i = 0; i < 20; ++i)
      tell(w, 4'000'000'000u);
    BOOST_TEST(belief_of(w, w.edge).others == 1024);
    tell(w, 0); // and it is forgotten with what is usual
    w.play(w.edge, 1, 100); // 20 s
    BOOST_TEST(belief_of(w, w.edge).others_usual < 20);
  }

  BOOST_AUTO_TEST_CASE(a_true_queue_is_believed_after_few_reports) {
    world w;
    w.play(w.edge, 1, 10);
    for (const uint32_t queue : {500u, 500u, 500u})
      tell(w, queue);
    BOOST_TEST(belief_of(w, w.edge).others == 500);
  }

  // -- what policies are told --------------------------------------------------

  BOOST_AUTO_TEST_CASE(what_can_be_is_told_to_policies_as_it_is) {
    outcome seen;
    seen.site = site_index{3};
    seen.total_ms = 20;
    seen.queue_ms = 5, seen.service_ms = 10, seen.cold_ms = 5.5; // clock grain
    seen.queue_length = 7;
    seen.size = 4, seen.bytes.up = 9, seen.in_flight = 2;
    const auto told = as_plausible(seen);
    BOOST_TEST(!told.failed);
    BOOST_TEST((told.site == seen.site));
    BOOST_TEST(told.total_ms == 20);
    BOOST_TEST(told.queue_ms == 5);
    BOOST_TEST(told.service_ms == 10);
    BOOST_TEST(told.cold_ms == 5.5);
    BOOST_TEST(told.queue_length == 7);
    BOOST_TEST(told.size == 4);
    BOOST_TEST(told.bytes.up == 9);
    BOOST_TEST(told.in_flight == 2);
  }

  BOOST_AUTO_TEST_CASE(what_cannot_be_is_told_to_policies_as_a_failure) {
    for (const auto field :
         {&outcome::queue_ms, &outcome::service_ms, &outcome::cold_ms})
      for (const double value : {not_a_number, infinite, -1.0, -9e12, 22.0, hour_ms}) {
        outcome seen;
        seen.total_ms = 20;
        seen.queue_length = 7;
        seen.*field = value;
        const auto told = as_plausible(seen);
        BOOST_TEST(told.failed);
        BOOST_TEST(told.total_ms == 20);
        BOOST_TEST(told.queue_ms + told.service_ms + told.cold_ms == 0);
        BOOST_TEST(told.queue_length == 0);
      }
    outcome seen;
    seen.total_ms = not_a_number;
    seen.queue_length = 4e9;
    seen.size = -1, seen.bytes.up = infinite, seen.in_flight = not_a_number;
    const auto told = as_plausible(seen);
    BOOST_TEST(told.total_ms == 0);
    BOOST_TEST(told.queue_length <= 1e4);
    BOOST_TEST(told.size == 0);
    BOOST_TEST(told.bytes.up == 1e12);
    BOOST_TEST(told.in_flight == 0);
  }

BOOST_AUTO_TEST_SUITE_END()
