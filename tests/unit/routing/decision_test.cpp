#include "libfaas/routing/decision.hpp"
#include "libfaas/routing/queue_model.hpp"
#include "libfaas/routing/policies/min_latency.hpp"
#include "libfaas/routing/policies/plain.hpp"
#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/routing/shared_load.hpp"
#include "tests/unit/routing/candidates.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

using sites = candidates;
constexpr auto now = candidates::now;

/// Has sites, and wants none of them.
struct refusing final : policy {
  std::string_view name() const noexcept override { return "refusing"; }
  pick choose(const decision&, const event_features&, random_source&,
              time_point) noexcept override {
    return {decision::none, reason::refused, 1};
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(decision_test)

  BOOST_AUTO_TEST_CASE(the_parts_are_exactly_the_model) {
    estimate e = certain(0, 40);
    e.slope = 0.5;
    e.intercept = 2;
    e.factor = 3;
    e.up_ms_per_byte = 4e-4;
    e.others = 3;
    e.mean_service_ms = 8;
    e.load = 2;
    e.reported_ms = to_ms(now.time_since_epoch()) - 500;
    e.cold_charge_ms = 7;
    e.warm_until_ms = to_ms(now.time_since_epoch()) - 1;
    e.overdue_ms = 5;
    e.servers = 2;
    candidate c;
    c.in_flight = 4;
    c.free_in_ms = 90;
    c.backlog_ms = 2;
    c.loop_lag_ms = 1;
    event_features event;
    event.size = 10;
    event.bytes.up = 20'000;
    const auto p = predict(e, c, event, now);
    const auto near = boost::test_tools::tolerance(1e-9);
    BOOST_TEST(p.network == 40 + 4e-4 * 20'000 + 2, near);
    BOOST_TEST(p.transit == 20 + 4e-4 * 20'000 + 2, near);
    BOOST_TEST(p.service == 21.0, near);
    const double own = 90 - p.transit;
    BOOST_TEST(p.queue == 1 + own + 3 / std::exp(1.0) * 8 / 2, near);
    BOOST_TEST(p.imposed == 0.5 * 2 * (p.queue + p.service / 2), near);
    BOOST_TEST(p.in_flight == 4);
    BOOST_TEST(p.servers == 2);
    BOOST_TEST(p.cold == 7.0);
    BOOST_TEST(p.overdue == 5.0);
    BOOST_TEST(p.total == p.network + p.queue + p.service + p.cold + p.overdue,
               near);
  }

  BOOST_AUTO_TEST_CASE(replies_take_their_time_on_the_way_back) {
    estimate e = certain(10, 40);
    e.up_ms_per_byte = 1e-4;
    e.down_ms_per_byte = 1e-3;
    e.down_carry_ms = 25;
    e.down_offered = 0.5;
    candidate c;
    c.replies_free_in_ms = 100;
    c.replies_ahead_ms = 75;
    event_features event;
    event.bytes = {10'000, 30'000};
    const auto near = boost::test_tools::tolerance(1e-9);
    const auto p = predict(e, c, event, now);
    BOOST_TEST(p.transit == 20 + 1.0, near);
    const double line = 100 - (p.transit + p.service); // ready before those
    BOOST_TEST(p.network == p.transit + line + 30 + 20, near);
    BOOST_TEST(p.imposed == 30 * crowding(75.0 / 25, 0.5), near);
    c.replies_free_in_ms = 1000; // of one that takes long; all take 75 ms
    BOOST_TEST(predict(e, c, event, now).network == p.transit + 75 + 30 + 20,
               near);
    c.replies_free_in_ms = 20; // all back before
    BOOST_TEST(predict(e, c, event, now).network == p.transit + 30 + 20, near);
  }

  BOOST_AUTO_TEST_CASE(the_way_is_as_uncertain_as_its_parts_together) {
    estimate e = certain(10);
    e.rtt_var = 4;
    e.up_var = 1e-8;
    e.down_var = 4e-8;
    e.rtt_up_cov = -1e-5;
    e.rtt_down_cov = 2e-5;
    e.up_down_cov = 1.5e-8;
    event_features event;
    event.bytes = {20'000, 10'000};
    const double u = 20'000, d = 10'000;
    BOOST_TEST(predict(e, {}, event, now).epistemic
                 == 4 + u * u * 1e-8 + d * d * 4e-8
                      + 2 * (-1e-5 * u + 2e-5 * d + 1.5e-8 * u * d),
               boost::test_tools::tolerance(1e-6));
  }

  /// It waits for a batch and pays for all of it, but costs others its part.
  BOOST_AUTO_TEST_CASE(an_event_that_joins_a_batch_waits_for_all_of_it) {
    estimate e = certain(0, 20);
    e.slope = 1;
    e.intercept = 10;
    e.factor = 2;
    e.load = 12;
    shared_load load;
    batching_site gpu{3, {8, 4}, &load.open()};
    candidate c;
    c.batches = &gpu;
    event_features two;
    two.size = 2;
    const auto near = boost::test_tools::tolerance(1e-9);
    auto p = predict(e, c, two, now);
    BOOST_TEST(p.queue == 4, near); // the window
    BOOST_TEST(p.service == 2 * (10 + 2), near);
    BOOST_TEST(p.work == 2 * (10 * 2 / 8.0 + 2), near);
    BOOST_TEST(p.imposed == 0.5 * 12 / 8 * (p.queue + p.work), near);
    const auto one = batched(e, gpu, 8, now);
    BOOST_TEST(one.fixed_ms == 20, near);
    BOOST_TEST(one.item_ms == 2, near);
    load.join(one, 10, now); // from 10 to 46
    load.join(batched(e, gpu, 5, now), 10, now); // 50
    p = predict(e, c, two, now);
    BOOST_TEST(p.queue == 50 - p.transit, near);
    BOOST_TEST(p.service == 2 * (10 + 7), near);
    BOOST_TEST(p.work == 2 * (10 * 2 / 8.0 + 2), near);
    c.price_per_s = 5;
    two.size = 9; // alone, when those have ended
    p = predict(e, c, two, now);
    BOOST_TEST(p.queue == 50 + 2 * (10 + 5) - p.transit, near);
    BOOST_TEST(p.work == p.service, near);
    BOOST_TEST(p.price == 5 * 2 * (10 + 9) / 1000.0, near);
  }

  BOOST_AUTO_TEST_CASE(a_warm_function_pays_no_cold_start) {
    estimate e = certain(10);
    e.cold_charge_ms = 100;
    e.warm_until_ms = to_ms(now.time_since_epoch()) + 1;
    BOOST_TEST(predict(e, {}, {}, now).cold == 0);
  }

  BOOST_AUTO_TEST_CASE(variance_has_an_epistemic_and_an_event_part) {
    estimate e = certain(100);
    e.log_var = 0.01;
    e.log_noise = 0.04;
    e.rtt_var = 4;
    e.net_noise_ms2 = 9;
    const auto p = predict(e, {}, {}, now);
    const auto near = boost::test_tools::tolerance(0.1);
    BOOST_TEST(p.epistemic == 100 * 100 * 0.01 + 4, near);
    BOOST_TEST(p.variance - p.epistemic == 100 * 100 * 0.04 + 9, near);
  }

  BOOST_AUTO_TEST_CASE(an_old_belief_is_less_certain) {
    estimate e = certain(100);
    e.log_var = 0.01;
    e.log_var_per_ms = 1e-6;
    e.updated_ms = to_ms(now.time_since_epoch());
    const auto fresh = predict(e, {}, {}, now);
    const auto stale = predict(e, {}, {}, now + std::chrono::seconds{60});
    BOOST_TEST(stale.epistemic > 5 * fresh.epistemic);
  }

  BOOST_AUTO_TEST_CASE(nobody_healthy_is_no_decision) {
    sites s;
    s.add(certain(10), false);
    s.add(certain(20)).cell = nullptr;
    min_latency rule;
    random_source random{1};
    const auto made = decide(s.list, {}, rule, random, now);
    BOOST_TEST(!made);
    BOOST_TEST((made.why == reason::no_candidate));
    BOOST_TEST(!decide({}, {}, rule, random, now));
    BOOST_TEST(explain(made) == "no site: no-candidate");
  }

  BOOST_AUTO_TEST_CASE(one_healthy_candidate_is_taken_without_more_ado) {
    sites s;
    s.add(certain(10), false);
    s.add(certain(500));
    min_latency rule;
    random_source random{1};
    const auto made = decide(s.list, {}, rule, random, now);
    BOOST_TEST(made.chosen == 1);
    BOOST_TEST((made.why == reason::only_candidate));
    BOOST_TEST(made.runner_up == decision::none);
    BOOST_TEST(made.chosen_parts().total == 500);
  }

  BOOST_AUTO_TEST_CASE(beside_nothing_chosen_there_is_no_runner_up) {
    sites s;
    s.add(certain(200));
    s.add(certain(300));
    random_source random{1};
    refusing strict;
    auto absent = *make_policy("static", site_index{9});
    for (policy* rule : {static_cast<policy*>(&strict), absent.get()}) {
      const auto made = decide(s.list, {}, *rule, random, now);
      BOOST_TEST(!made);
      BOOST_TEST(int{made.runner_up} == int{decision::none});
      BOOST_TEST(regret_ms(made) == 0);
      BOOST_TEST(explain(made) == "no site: " + std::string{name(made.why)});
    }
  }

  BOOST_AUTO_TEST_CASE(regret_is_what_the_choice_is_slower_by) {
    sites s;
    s.add(certain(200));
    s.add(certain(300));
    random_source random{1};
    for (const auto& [site, regret] : {std::pair{0u, 0.0}, {1u, 100.0}}) {
      auto rule = *make_policy("static", site_index{site});
      const auto made = decide(s.list, {}, *rule, random, now);
      BOOST_TEST(int{made.runner_up} == int(1 - site));
      BOOST_TEST(regret_ms(made) == regret);
    }
    s.list.pop_back();
    min_latency rule;
    BOOST_TEST(regret_ms(decide(s.list, {}, rule, random, now)) == 0);
    decision made; // as in the logs of releases before
    made.runner_up = 0;
    made.healthy = 1;
    made.parts[0].total = 1;
    BOOST_TEST(regret_ms(made) == 0);
  }

  BOOST_AUTO_TEST_CASE(no_policy_ever_chooses_an_unhealthy_site) {
    for (uint64_t seed = 1; seed <= 300; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        random_source random{seed};
        sites s;
        const auto count = 1 + random.below(max_candidates + 4);
        for (uint64_t i = 0; i < count; ++i)
          s.add(random_estimate(random), random.uniform() < 0.6);
        const auto healthy = std::count_if(
          s.list.begin(),
          s.list.begin() + std::min<long>(long(s.list.size()), max_candidates),
          [](const candidate& c) { return c.healthy; });
        for (const auto* policy :
             {"min-latency", "static", "random", "round-robin"}) {
          auto rule = *make_policy(policy, site_index{1});
          for (int i = 0; i < 20; ++i) {
            event_features event;
            event.size = 300 * random.uniform();
            const auto made = decide(s.list, event, *rule, random, now);
            if (made)
              BOOST_REQUIRE(s.list[made.chosen].healthy);
            else
              BOOST_REQUIRE((healthy == 0 || rule->name() == "static"));
            BOOST_REQUIRE(made.runner_up != made.chosen
                          || made.chosen == decision::none);
            BOOST_REQUIRE((made || made.runner_up == decision::none));
          }
        }
      }
    }
  }

  BOOST_AUTO_TEST_CASE(the_order_of_candidates_does_not_matter) {
    for (uint64_t seed = 1; seed <= 200; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        random_source random{seed};
        sites s;
        for (int i = 0; i < 8; ++i) // some equal ones, too
          s.add(i % 3 == 0 ? certain(30) : random_estimate(random),
                random.uniform() < 0.8);
        auto shuffled = s.list;
        for (size_t i = shuffled.size(); i > 1; --i)
          std::swap(shuffled[i - 1], shuffled[random.below(i)]);
        for (const auto* policy : {"min-latency", "static", "round-robin"}) {
          auto one = *make_policy(policy, site_index{2});
          auto two = *make_policy(policy, site_index{2});
          random_source first{seed}, second{seed};
          for (int i = 0; i < 50; ++i) {
            const auto a = decide(s.list, {}, *one, first, now);
            const auto b = decide(shuffled, {}, *two, second, now);
            BOOST_REQUIRE(bool(a) == bool(b));
            if (!a)
              continue;
            BOOST_REQUIRE((a.sites[a.chosen] == b.sites[b.chosen]));
            BOOST_REQUIRE((a.why == b.why));
            if (a.runner_up != decision::none)
              BOOST_REQUIRE((a.sites[a.runner_up] == b.sites[b.runner_up]));
          }
        }
      }
    }
  }

  BOOST_AUTO_TEST_CASE(features_that_are_no_numbers_count_as_none) {
    sites s;
    s.add(certain(10));
    s.add(certain(20));
    min_latency rule;
    random_source random{1};
    event_features event;
    event.size = std::numeric_limits<double>::quiet_NaN();
    event.bytes.up = -std::numeric_limits<double>::infinity();
    for (int i = 0; i < 100; ++i)
      BOOST_TEST(decide(s.list, event, rule, random, now).chosen == 0);
  }

  BOOST_AUTO_TEST_CASE(explains_itself_in_one_line) {
    sites s;
    s.add(certain(10, 40));
    s.add(certain(60));
    min_latency rule;
    random_source random{1};
    const auto made = decide(s.list, {}, rule, random, now);
    BOOST_TEST(explain(made, std::vector<std::string_view>{"cloud", "edge"})
               == "cloud: 50.0 ms = network 40.0 + queue 0.0 + service 10.0 + "
                  "cold 0.0 + overdue 0.0, sd 0.0; best, p=1.000; runner-up "
                  "edge 60.0 ms");
    BOOST_TEST(explain(made).starts_with("#0: 50.0 ms"));
    auto second = made;
    second.propensity = 0;
    BOOST_TEST(explain(second).ends_with("best, p not known; runner-up #1 60.0 "
                                         "ms"));
  }

  BOOST_AUTO_TEST_CASE(every_reason_has_a_name) {
    for (size_t i = 0; i < reasons; ++i)
      BOOST_TEST(!name(static_cast<reason>(i)).empty());
    BOOST_TEST(name(reason::refused) == "refused");
    BOOST_TEST(name(static_cast<reason>(reasons)) == "unknown");
    BOOST_TEST(name(static_cast<reason>(99)) == "unknown");
  }

  BOOST_AUTO_TEST_SUITE_END()
