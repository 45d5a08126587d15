// Sites where a function is still being brought to.
#include "libfaas/routing/decision.hpp"
#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/routing/policies/min_latency.hpp"
#include "libfaas/routing/policies/plain.hpp"
#include "libfaas/routing/policies/sticky.hpp"
#include "libfaas/routing/predictor.hpp"
#include "tests/unit/routing/candidates.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

constexpr auto start = candidates::now;
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

double now_ms() {
  return to_ms(start.time_since_epoch());
}

deployment loading(double since_ms) {
  return {.loading = true, .loading_ms = since_ms};
}

/// Two sites of one tier and one function.
struct two_sites {
  two_sites() {
    const auto link = *core.add_link(loopback_link());
    ready = *core.add_site({"a/cpu", "edge", link});
    coming = *core.add_site({"b/cpu", "edge", link});
    function = *core.add_function("f@1");
    for (const auto at : {ready, coming})
      core.cell(function, at, start);
  }
  estimate belief(site_index of) {
    core.publish(start);
    return core.cell(function, of, start)->read();
  }
  double left(site_index of) { return belief(of).ready_at_ms - now_ms(); }

  predictor core;
  site_index ready{}, coming{};
  function_index function{};
};

} // namespace

BOOST_AUTO_TEST_SUITE(deployment_test)

  BOOST_AUTO_TEST_CASE(what_is_left_when_the_event_comes_is_a_cold_start) {
    auto e = certain(10, 40);
    e.ready_at_ms = now_ms() + 500;
    e.ready_var = 900;
    const auto p = predict(e, {}, {}, start);
    BOOST_TEST(p.transit == 20, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(p.cold == 480, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(p.total == 40 + 10 + 480, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(p.variance == predict(certain(10, 40), {}, {}, start).variance + 900,
               boost::test_tools::tolerance(1e-9));
    BOOST_TEST(p.epistemic == predict(certain(10, 40), {}, {}, start).epistemic);
  }

  BOOST_AUTO_TEST_CASE(it_is_over_when_the_event_comes_later) {
    auto e = certain(10, 40);
    e.ready_at_ms = now_ms() + 19;
    e.ready_var = 900;
    const auto p = predict(e, {}, {}, start);
    BOOST_TEST(p.cold == 0);
    BOOST_TEST(p.variance == predict(certain(10, 40), {}, {}, start).variance);
  }

  BOOST_AUTO_TEST_CASE(the_longer_of_a_load_and_a_deployment_counts) {
    auto e = certain(10);
    e.cold_charge_ms = 70;
    e.warm_until_ms = now_ms() - 1;
    e.ready_at_ms = now_ms() + 50;
    BOOST_TEST(predict(e, {}, {}, start).cold == 70);
    e.ready_at_ms = now_ms() + 90;
    BOOST_TEST(predict(e, {}, {}, start).cold == 90);
  }

  BOOST_AUTO_TEST_CASE(waiting_is_no_work) {
    auto e = certain(10);
    candidate c;
    c.price_per_s = 1;
    const auto before = predict(e, c, {}, start).price;
    e.ready_at_ms = now_ms() + 5000;
    BOOST_TEST(predict(e, c, {}, start).price == before);
  }

  BOOST_AUTO_TEST_CASE(events_that_wait_there_are_ahead) {
    auto e = certain(10);
    e.servers = 2;
    e.ready_at_ms = now_ms() + 500;
    candidate c;
    c.waiting = 6;
    BOOST_TEST(predict(e, c, {}, start).queue == 30);
    c.free_in_ms = 80; // the plan says more
    BOOST_TEST(predict(e, c, {}, start).queue == 80);
  }

  BOOST_AUTO_TEST_CASE(the_site_is_chosen_once_the_other_takes_longer) {
    candidates all;
    all.add(certain(100));
    auto coming = certain(10);
    coming.ready_at_ms = now_ms() + 200;
    all.add(coming);
    min_latency rule{{.share = 0}};
    random_source random{1};
    BOOST_TEST(decide(all.list, {}, rule, random, start).chosen == 0);
    all.list[0].free_in_ms = 150;
    BOOST_TEST(decide(all.list, {}, rule, random, start).chosen == 1);
  }

  BOOST_AUTO_TEST_CASE(only_policies_that_go_by_predictions_may_wait) {
    for (const auto* name :
         {"min-latency", "sticky", "min-latency:hedge=0.05"})
      BOOST_TEST((*make_policy(name))->may_wait(), name);
    for (const auto* name : {"round-robin", "random", "weighted", "deadline",
                             "linucb", "c3", "stoic"})
      BOOST_TEST(!(*make_policy(name))->may_wait(), name);
    BOOST_TEST(!static_site{site_index{0}}.may_wait());
  }

  BOOST_FIXTURE_TEST_CASE(bundle_and_load_are_to_come, two_sites) {
    for (int i = 0; i < 8; ++i)
      core.observe_load(function, coming, 300, start);
    BOOST_TEST(core.observe_deployment(function, coming,
                                       deployment{.bundle = {2000, 1e4}}, start));
    BOOST_TEST(left(coming) > 2250);
    BOOST_TEST(left(coming) < 2450);
    BOOST_TEST(belief(coming).ready_var > 1e4);
    BOOST_TEST(belief(ready).ready_at_ms == 0);
  }

  BOOST_FIXTURE_TEST_CASE(a_load_goes_on_and_may_be_late, two_sites) {
    for (int i = 0; i < 8; ++i)
      core.observe_load(function, coming, 300, start);
    core.observe_deployment(function, coming, loading(200), start);
    BOOST_TEST(left(coming) > 50);
    BOOST_TEST(left(coming) < 150);
    core.observe_deployment(function, coming, loading(4000), start);
    BOOST_TEST(left(coming) == 1000, boost::test_tools::tolerance(1e-6));
  }

  BOOST_FIXTURE_TEST_CASE(where_no_load_was_seen_the_slowest_is_taken,
                          two_sites) {
    core.observe_deployment(function, coming, deployment{}, start);
    BOOST_TEST(left(coming) > 9000); // nobody has loaded it
    for (int i = 0; i < 8; ++i)
      core.observe_load(function, ready, 1500, start);
    core.observe_deployment(function, coming, deployment{}, start);
    BOOST_TEST(left(coming) > 1400);
    BOOST_TEST(left(coming) < 1900);
  }

  BOOST_FIXTURE_TEST_CASE(what_needs_no_load_is_there_with_its_files,
                          two_sites) {
    core.observe_deployment(
      function, coming, deployment{.bundle = {700, 4}, .loads = false}, start);
    BOOST_TEST(left(coming) == 700, boost::test_tools::tolerance(1e-6));
    BOOST_TEST(belief(coming).ready_var == 4);
  }

  BOOST_FIXTURE_TEST_CASE(once_there_nothing_is_left, two_sites) {
    core.observe_deployment(function, coming, deployment{}, start);
    BOOST_TEST(belief(coming).ready_at_ms > 0);
    core.observe_deployment(function, coming, std::nullopt, start);
    BOOST_TEST(belief(coming).ready_at_ms == 0);
    BOOST_TEST(belief(coming).ready_var == 0);
  }

  /// Whoever waited for a deployment says nothing of the function's time.
  BOOST_FIXTURE_TEST_CASE(waiting_is_not_taken_for_slowness, two_sites) {
    using namespace std::chrono_literals;
    auto now = start;
    const auto answered = [&](double total_ms, double queue_ms) {
      observation seen{.function = function, .site = coming};
      seen.total_ms = total_ms;
      seen.queue_ms = queue_ms;
      seen.service_ms = 10;
      seen.predicted_ms = 10.1;
      seen.predicted_sd = 1;
      seen.at = now;
      BOOST_TEST(core.observe(seen));
    };
    const auto service = [&] {
      core.publish(now);
      return core.cell(function, coming, now)->read();
    };
    for (int i = 0; i < 50; ++i, now += 100ms)
      answered(10.1, 0);
    const auto before = service();
    core.observe_deployment(function, coming, deployment{}, now);
    const auto sent = now;
    const auto late = [&] {
      const in_flight_event event{function, coming, 1, to_ms(now - sent), 10, 1};
      const std::vector<in_flight_event> all(20, event);
      core.tick(all, now);
    };
    for (int i = 0; i < 30; ++i, now += 100ms)
      late();
    BOOST_TEST(service().overdue_ms == 0);
    observation gone{.function = function, .site = coming};
    gone.outcome = event_outcome::timed_out;
    gone.total_ms = 3000;
    gone.at = now;
    core.observe(gone);
    core.observe_deployment(function, coming, {}, now);
    late();
    answered(to_ms(now - sent), to_ms(now - sent) - 10.1);
    const auto after = service();
    BOOST_TEST(after.overdue_ms == 0);
    BOOST_TEST(after.factor < 1.2 * before.factor);
    BOOST_TEST(after.promise_sigmas <= before.promise_sigmas);
    // What is sent from now on counts as ever.
    now += 100ms;
    const auto again = now;
    now += 1s;
    const in_flight_event event{function, coming, 1, to_ms(now - again), 10, 1};
    core.tick(std::vector<in_flight_event>(20, event), now);
    BOOST_TEST(service().overdue_ms > 500);
  }

  BOOST_FIXTURE_TEST_CASE(what_makes_no_sense_is_refused, two_sites) {
    for (const auto& odd :
         {deployment{.bundle = {nothing, 0}}, deployment{.bundle = {-1, 0}},
          deployment{.bundle = {1, nothing}}, deployment{.bundle = {1, -1}},
          deployment{.loading_ms = nothing}, deployment{.loading_ms = -5},
          deployment{.bundle = {1e8, 0}}})
      BOOST_TEST(!core.observe_deployment(function, coming, odd, start));
    BOOST_TEST(!core.observe_deployment(function_index{9}, coming,
                                        deployment{}, start));
    BOOST_TEST(core.refused() == 8u);
    BOOST_TEST(belief(coming).ready_at_ms == 0);
  }

BOOST_AUTO_TEST_SUITE_END()
