#include "libfaas/routing/policies/min_latency.hpp"
#include "libfaas/routing/policies/plain.hpp"
#include "libfaas/routing/policies/catalog.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <vector>

using namespace faas;
using namespace faas::routing;

namespace {

/// A decision with these totals and epistemic standard deviations.
decision scored(const std::vector<std::pair<double, double>>& parts) {
  decision made;
  for (const auto& [total, sd] : parts) {
    auto& p = made.parts[made.count];
    p = {};
    p.total = p.service = total;
    p.epistemic = sd * sd;
    p.variance = 2 * sd * sd;
    made.sites[made.count] = site_index{made.count};
    made.healthy |= 1u << made.count;
    ++made.count;
  }
  return made;
}

const time_point now{};

/// Large events in between, without an alternative: they make the tail.
void large_events(min_latency& rule, random_source& random) {
  for (int i = 0; i < 3; ++i)
    rule.choose(scored({{200, 0}, {1e4, 0}}), {}, random, now);
}

double explored_share(min_latency& rule, const decision& parts,
                      const event_features& event, int count) {
  random_source random{7};
  int explored = 0;
  for (int i = 0; i < count; ++i) {
    large_events(rule, random);
    explored += rule.choose(parts, event, random, now).why == reason::explored;
  }
  return double(explored) / (4 * count);
}

} // namespace

BOOST_AUTO_TEST_SUITE(policies_test)

  BOOST_AUTO_TEST_CASE(min_latency_takes_the_smallest_total) {
    min_latency rule;
    random_source random{1};
    for (int i = 0; i < 100; ++i) {
      const auto p = rule.choose(scored({{50, 0.1}, {20, 0.1}, {30, 0.1}}), {},
                                 random, now);
      BOOST_TEST(p.chosen == 1);
      BOOST_TEST((p.why == reason::best));
      BOOST_TEST(p.propensity == 1);
    }
  }

  BOOST_AUTO_TEST_CASE(exploration_never_exceeds_its_share) {
    min_latency rule;
    const double share
      = explored_share(rule, scored({{20, 20}, {21, 20}}), {}, 10'000);
    BOOST_TEST(share <= 0.03 + 2.0 / 40'000);
    BOOST_TEST(share > 0.02); // and is used where it may help
  }

  BOOST_AUTO_TEST_CASE(the_likeliest_challenger_is_explored) {
    min_latency rule;
    random_source random{1};
    std::array<int, 3> count{};
    const auto parts = scored({{20, 1}, {40, 1}, {40, 20}});
    for (int i = 0; i < 5000; ++i) {
      large_events(rule, random);
      ++count[rule.choose(parts, {}, random, now).chosen];
    }
    BOOST_TEST(count[1] == 0);
    BOOST_TEST(count[2] > 50);
  }

  BOOST_AUTO_TEST_CASE(propensity_is_the_probability_of_the_choice) {
    exploration often;
    often.share = 1;
    min_latency rule{often};
    random_source random{1};
    const auto parts = scored({{20, 5}, {25, 5}});
    const double expected = 0.5 * std::erfc(5 / std::sqrt(2 * 50.0));
    int explored = 0;
    for (int i = 0; i < 20'000; ++i) {
      large_events(rule, random);
      const auto p = rule.choose(parts, {}, random, now);
      explored += p.chosen == 1;
      BOOST_REQUIRE_CLOSE(p.propensity, p.chosen == 1 ? expected : 1 - expected,
                          1e-6);
    }
    BOOST_TEST(std::abs(explored / 20'000.0 - expected) < 0.01);
  }

  BOOST_AUTO_TEST_CASE(a_critical_event_is_never_explored_with) {
    min_latency rule;
    event_features critical;
    critical.may_explore = false;
    BOOST_TEST(
      explored_share(rule, scored({{20, 20}, {21, 20}}), critical, 1000) == 0);
  }

  BOOST_AUTO_TEST_CASE(a_share_of_zero_never_explores) {
    for (uint64_t seed = 1; seed <= 50; ++seed) {
      const auto rule = std::move(*make_policy("min-latency:explore=0"));
      random_source random{seed};
      for (int i = 0; i < 100; ++i) {
        rule->choose(scored({{200, 0}, {1e4, 0}}), {}, random, now);
        const auto made
          = rule->choose(scored({{20, 20}, {21, 20}}), {}, random, now);
        BOOST_TEST((made.why != reason::explored));
        BOOST_TEST(made.chosen == 0);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(a_deadline_is_not_put_at_risk) {
    min_latency rule;
    event_features event;
    event.deadline_ms = 60;
    BOOST_TEST(explored_share(rule, scored({{20, 20}, {21, 20}}), event, 1000)
               == 0);
    event.deadline_ms = 200;
    BOOST_TEST(explored_share(rule, scored({{20, 20}, {21, 20}}), event, 1000)
               > 0);
  }

  BOOST_AUTO_TEST_CASE(beyond_the_tail_only_the_regret_budget_explores) {
    // All events alike: the other site always makes a new tail. The regret
    // that is expected stays within 1 % of the latency served.
    min_latency rule;
    random_source random{1};
    const auto parts = scored({{20, 0}, {60, 40}});
    const double gap = 60 - 20;
    int explored = 0;
    for (int i = 0; i < 20'000; ++i)
      explored += rule.choose(parts, {}, random, now).why == reason::explored;
    BOOST_TEST(explored > 5); // no lock-in
    BOOST_TEST(explored * gap <= 0.011 * 20 * 20'000);
  }

  BOOST_AUTO_TEST_CASE(static_sites_stay_or_fall_back_as_told) {
    random_source random{1};
    static_site strict{site_index{1}}, loose{site_index{1}, true};
    auto parts = scored({{10, 0}, {20, 0}, {5, 0}});
    BOOST_TEST(strict.choose(parts, {}, random, now).chosen == 1);
    BOOST_TEST((strict.choose(parts, {}, random, now).why == reason::fixed));
    parts.healthy = 0b101;
    BOOST_TEST(strict.choose(parts, {}, random, now).chosen == decision::none);
    BOOST_TEST(loose.choose(parts, {}, random, now).chosen == 2);
    BOOST_TEST((loose.choose(parts, {}, random, now).why == reason::fallback));
    BOOST_TEST(strict.only(parts, {}, 0, now).chosen == decision::none);
    BOOST_TEST(strict.only(parts, {}, 1, now).chosen == 1);
    BOOST_TEST(loose.only(parts, {}, 0, now).chosen == 0);
  }

  BOOST_AUTO_TEST_CASE(random_choice_is_even) {
    random_choice rule;
    random_source random{1};
    auto parts = scored({{10, 0}, {20, 0}, {5, 0}, {1, 0}});
    parts.healthy = 0b1011;
    std::array<int, 4> count{};
    for (int i = 0; i < 9000; ++i) {
      const auto p = rule.choose(parts, {}, random, now);
      ++count[p.chosen];
      BOOST_REQUIRE_CLOSE(p.propensity, 1.0 / 3, 1e-9);
    }
    BOOST_TEST(count[2] == 0);
    for (const size_t i : {0u, 1u, 3u})
      BOOST_TEST(std::abs(count[i] - 3000) < 200);
  }

  BOOST_AUTO_TEST_CASE(round_robin_is_fair_while_sites_come_and_go) {
    round_robin rule;
    random_source random{1};
    auto parts = scored({{10, 0}, {20, 0}, {5, 0}});
    std::array<int, 3> count{};
    for (int i = 0; i < 300; ++i)
      ++count[rule.choose(parts, {}, random, now).chosen];
    for (const int c : count)
      BOOST_TEST(c == 100);
    parts.healthy = 0b011;
    for (int i = 0; i < 10; ++i)
      ++count[rule.choose(parts, {}, random, now).chosen];
    BOOST_TEST(count[2] == 100);
    BOOST_TEST(count[0] == 105);
  }

  BOOST_AUTO_TEST_CASE(policies_are_made_by_name) {
    for (const auto& one : policy_catalog())
      BOOST_TEST((*make_policy(one.name, site_index{3}))->name() == one.name);
    BOOST_TEST((*make_policy("static", site_index{3}))->name() == "static");
    BOOST_TEST((make_policy("static").error().code == errc::invalid_argument));
    BOOST_TEST((make_policy("best").error().code == errc::invalid_argument));
  }

  BOOST_AUTO_TEST_CASE(parameters_are_checked) {
    BOOST_TEST(!!make_policy("ewma:alpha=0.5,explore=0"));
    BOOST_TEST(!!make_policy("min-latency:"));
    const std::pair<const char*, const char*> bad[] = {
      {"ewma:alpha=2", "alpha must be a number from 0.001 to 1"},
      {"ewma:alpha=nan", "alpha must be"},
      {"ewma:alpha=", "alpha must be"},
      {"ewma:alpha", "alpha must be"},
      {"ewma:alpha=0.1x", "alpha must be"},
      {"ewma:beta=1", "has no parameter \"beta\""},
      {"ewma:,", "has no parameter \"\""},
      {"p2c:x=1", "has no parameter"},
    };
    for (const auto& [text, what] : bad) {
      const auto made = make_policy(text);
      BOOST_TEST_CONTEXT(text) {
        BOOST_REQUIRE(!made);
        BOOST_TEST(made.error().message.find(what) != std::string::npos);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(near_sites_share_the_events) {
    exploration bounds;
    bounds.near = 0.1;
    bounds.social = 0;
    min_latency rule{bounds};
    random_source random{3};
    int count[3] = {};
    for (int i = 0; i < 3000; ++i) {
      const auto made = rule.choose(scored({{20, 0}, {21, 0}, {30, 0}}), {},
                                    random, now);
      ++count[made.chosen];
      BOOST_TEST(made.propensity == 0.5, boost::test_tools::tolerance(1e-6));
    }
    BOOST_TEST(count[0] > 1350);
    BOOST_TEST(count[1] > 1350);
    BOOST_TEST(count[2] == 0);
  }

  BOOST_AUTO_TEST_CASE(what_an_event_imposes_counts) {
    min_latency rule;
    random_source random{3};
    auto made = scored({{20, 0}, {24, 0}});
    made.parts[0].imposed = 5;
    BOOST_TEST(rule.choose(made, {}, random, now).chosen == 1);
    made.parts[0].imposed = 3.5;
    BOOST_TEST(rule.choose(made, {}, random, now).chosen == 0);
  }

  BOOST_AUTO_TEST_SUITE_END()
