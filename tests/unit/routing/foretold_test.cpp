// What policies would choose, as people are told.
#include "libfaas/routing/foretold.hpp"
#include "libfaas/routing/policies/catalog.hpp"
#include "tests/unit/routing/candidates.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

/// Of such a load that each event there costs later ones half of its time.
estimate busy(double service_ms) {
  auto e = certain(service_ms);
  e.load = 1;
  return e;
}

struct sites : candidates {
  foretold ask(std::string_view policy, event_features event = {},
               site_index fixed = no_site) const {
    const auto rule = make_policy(policy, fixed);
    BOOST_REQUIRE(rule);
    return foretell(list, event, **rule, now);
  }
};

event_features due_in(double ms) {
  event_features event;
  event.deadline_ms = ms;
  return event;
}

} // namespace

BOOST_AUTO_TEST_SUITE(foretold_test)

  BOOST_AUTO_TEST_CASE(only_policies_that_go_by_predictions_foretell) {
    std::set<std::string_view> some;
    for (const auto& one : policy_catalog()) {
      const auto rule = make_policy(one.name, site_index{0});
      BOOST_REQUIRE(rule);
      if ((*rule)->foretells())
        some.insert(one.name);
    }
    const std::set<std::string_view> expected{"min-latency", "deadline",
                                              "weighted", "sticky", "static"};
    BOOST_TEST(some == expected, boost::test_tools::per_element());
  }

  BOOST_AUTO_TEST_CASE(what_is_imposed_counts_as_the_policy_has_it) {
    sites of;
    of.add(busy(20)); // and 10 for others
    of.add(certain(24));
    of.add(certain(40));
    for (const auto policy : {"min-latency", "sticky", "weighted", "deadline"}) {
      BOOST_TEST(of.ask(policy).best == 1u, policy);
      BOOST_TEST(of.ask(policy).runner_up == 0u, policy);
    }
    for (const auto policy : {"min-latency:social=0", "weighted:social=0"}) {
      BOOST_TEST(of.ask(policy).best == 0u, policy);
      BOOST_TEST(of.ask(policy).runner_up == 1u, policy);
    }
  }

  /// Each question would be tried out if it were an event.
  BOOST_AUTO_TEST_CASE(nothing_is_tried_out) {
    sites of;
    auto vague = certain(20.1);
    vague.log_var = 0.5;
    of.add(certain(20));
    of.add(vague);
    const auto rule = make_policy("min-latency:explore=0.5,regret=1");
    BOOST_REQUIRE(rule);
    for (int i = 0; i < 100; ++i)
      BOOST_TEST(foretell(of.list, {}, **rule, of.now).best == 0u);
    BOOST_TEST(of.ask("weighted:explore=0.5").best == 0u);
  }

  BOOST_AUTO_TEST_CASE(of_several_that_are_drawn_among_the_first_is_told) {
    sites of;
    for (const double ms : {23, 21, 22, 20, 24})
      of.add(certain(ms));
    BOOST_TEST(of.ask("min-latency:near=0.5").best == 3u);
    BOOST_TEST(of.ask("min-latency:near=0.5").runner_up == 1u);
  }

  BOOST_AUTO_TEST_CASE(a_fixed_site_has_no_second) {
    sites of;
    of.add(certain(20));
    of.add(certain(90));
    const auto made = of.ask("static", {}, site_index{1});
    BOOST_TEST(made.best == 1u);
    BOOST_TEST(made.runner_up == foretold::none);
    of.list[1].healthy = false;
    BOOST_TEST(of.ask("static", {}, site_index{1}).best == foretold::none);
  }

  BOOST_AUTO_TEST_CASE(in_time_the_cheapest_is_told_and_late_none) {
    sites of;
    of.add(certain(20)).price_per_s = 5;
    of.add(certain(60)).price_per_s = 1;
    BOOST_TEST(of.ask("deadline", due_in(100)).best == 1u);
    BOOST_TEST(of.ask("deadline", due_in(100)).runner_up == 0u);
    BOOST_TEST(of.ask("deadline", due_in(40)).best == 0u);
    BOOST_TEST(of.ask("deadline", due_in(40)).runner_up == foretold::none);
    BOOST_TEST(of.ask("deadline", due_in(5)).best == foretold::none);
  }

  BOOST_AUTO_TEST_CASE(of_many_sites_the_best_are_found) {
    sites of;
    for (int i = 0; i < 200; ++i)
      of.add(certain(100 - (i % 100) + (i < 100 ? 0.5 : 0)));
    const auto made = of.ask("min-latency");
    BOOST_TEST(made.best == 199u);
    BOOST_TEST(made.runner_up == 99u);
    BOOST_TEST(of.ask("static", {}, site_index{120}).best == 120u);
  }

  BOOST_AUTO_TEST_CASE(where_nobody_is_there_nothing_is_told) {
    sites of;
    BOOST_TEST(of.ask("min-latency").best == foretold::none);
    of.add(certain(20), false);
    BOOST_TEST(of.ask("min-latency").best == foretold::none);
    of.add(certain(30));
    BOOST_TEST(of.ask("min-latency").best == 1u);
    BOOST_TEST(of.ask("min-latency").runner_up == foretold::none);
  }

  BOOST_AUTO_TEST_SUITE_END()
