// Decisions among more sites than one holds.
#include "libfaas/routing/shortlist.hpp"

#include "libfaas/routing/deadline_rules.hpp"
#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/routing/policies/min_latency.hpp"
#include "libfaas/routing/policies/sticky.hpp"
#include "tests/unit/routing/candidates.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <tuple>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

constexpr auto now = candidates::now;

/// Many sites, each in a state of its own.
struct crowd : candidates {
  crowd(size_t count, random_source& random) {
    for (size_t i = 0; i < count; ++i) {
      auto e = random_estimate(random);
      e.load = 2 * random.uniform();
      e.cold_charge_ms = 100 * random.uniform();
      e.warm_until_ms = random.uniform() < 0.5 ? 1e300 : 0;
      e.overdue_ms = random.uniform() < 0.1 ? 50 : 0;
      auto& c = add(e);
      c.site = site_index{static_cast<uint32_t>(3 * i)};
      c.in_flight = static_cast<uint32_t>(random.below(6));
      c.free_in_ms = random.uniform() < 0.5 ? 0 : 40 * random.uniform();
      c.backlog_ms = random.uniform() < 0.5 ? 0 : 10 * random.uniform();
      c.loop_lag_ms = random.uniform();
      c.price_per_s = std::floor(3 * random.uniform());
      c.watts = 50 * random.uniform();
    }
  }
};

std::vector<uint32_t> first_of(const std::vector<candidate>& list,
                               const event_features& event, const policy& rule,
                               random_source& random) {
  shortlist some{event, rule, random, now, list.size()};
  for (uint32_t i = 0; i < list.size(); ++i)
    some.offer(list[i], i);
  const auto made = some.finish();
  return {made.begin(), made.end()};
}

std::vector<candidate> those(const std::vector<candidate>& of,
                             const std::vector<uint32_t>& positions) {
  std::vector<candidate> some;
  for (const auto i : positions)
    some.push_back(of[i]);
  return some;
}

event_features any_event(random_source& random) {
  event_features event;
  event.size = 1 + static_cast<double>(random.below(300));
  event.bytes.up = 1e5 * random.uniform();
  event.may_explore = false;
  return event;
}

} // namespace

BOOST_AUTO_TEST_SUITE(shortlist_test)

/// By looking at all of them, one by one.
BOOST_AUTO_TEST_CASE(the_leaders_are_those_that_the_policy_ranks_first) {
  for (uint64_t seed = 1; seed <= 100; ++seed)
    for (const auto* name : {"min-latency", "weighted:energy=2,explore=0",
                             "deadline", "min-latency:social=0", "ewma"})
      BOOST_TEST_CONTEXT("seed " << seed << ", " << name) {
        random_source random{seed};
        const crowd all{33 + random.below(200), random};
        const auto rule = *make_policy(name);
        auto event = any_event(random);
        if (name == std::string_view{"deadline"})
          event.deadline_ms = 300 * random.uniform();
        std::vector<standing> ranks;
        for (const auto& one : all.list)
          ranks.push_back(rule->rank(predict(one.cell->read(), one, event, now),
                                     one.site, event, random));
        const auto seen = first_of(all.list, event, *rule, random);
        BOOST_REQUIRE(seen.size() <= max_candidates);
        BOOST_REQUIRE(std::is_sorted(seen.begin(), seen.end()));
        BOOST_REQUIRE(std::set<uint32_t>(seen.begin(), seen.end()).size()
                      == seen.size());
        if (name == std::string_view{"ewma"})
          for (auto& rank : ranks) // drawn anew each time
            rank.second = 0;
        auto sorted = ranks;
        std::sort(sorted.begin(), sorted.end());
        const auto last = sorted[shortlist::leaders - 1];
        for (uint32_t i = 0; i < ranks.size(); ++i)
          if (ranks[i] < last)
            BOOST_REQUIRE(std::count(seen.begin(), seen.end(), i) == 1);
      }
}

BOOST_AUTO_TEST_CASE(the_best_of_all_is_chosen) {
  for (uint64_t seed = 1; seed <= 80; ++seed)
    BOOST_TEST_CONTEXT("seed " << seed) {
      random_source random{seed};
      const crowd all{1000, random};
      min_latency rule;
      const auto event = any_event(random);
      auto best = std::numeric_limits<double>::infinity();
      for (const auto& one : all.list) {
        const auto p = predict(one.cell->read(), one, event, now);
        best = std::min(best, p.total + p.imposed);
      }
      const auto some
        = those(all.list, first_of(all.list, event, rule, random));
      const auto made = decide(some, event, rule, random, now);
      BOOST_REQUIRE(made);
      const auto& p = made.chosen_parts();
      BOOST_REQUIRE(p.total + p.imposed == best);
    }
}

/// Told from the policy's rule, not from its rank: in time, not crowded, then
/// price, what is imposed, latency.
BOOST_AUTO_TEST_CASE(the_cheapest_of_all_that_are_in_time_is_chosen) {
  size_t equal_prices = 0;
  for (uint64_t seed = 1; seed <= 80; ++seed)
    BOOST_TEST_CONTEXT("seed " << seed) {
      random_source random{seed};
      crowd all{1000, random};
      for (auto& one : all.list)
        one.price_per_s = seed % 2 == 0 ? 0 : one.price_per_s;
      const auto rule = *make_policy("deadline");
      auto event = any_event(random);
      event.deadline_ms = 50 + 300 * random.uniform();
      const double ms = event.deadline_ms;
      std::optional<std::tuple<bool, double, double, double>> best;
      for (const auto& one : all.list) {
        const auto p = predict(one.cell->read(), one, event, now);
        if (score_within(p, ms) < score_of(0.95))
          continue;
        const std::tuple key{waits_long(p, ms), p.price, p.imposed, p.total};
        if (!best || key < *best)
          best = key;
      }
      const auto some
        = those(all.list, first_of(all.list, event, *rule, random));
      const auto made = decide(some, event, *rule, random, now);
      if (!best)
        continue;
      equal_prices += seed % 2 == 0;
      BOOST_REQUIRE((made.why == reason::cheapest));
      const auto& p = made.chosen_parts();
      BOOST_REQUIRE((std::tuple{waits_long(p, ms), p.price, p.imposed, p.total}
                     == *best));
    }
  BOOST_TEST(equal_prices > 20u);
}

BOOST_AUTO_TEST_CASE(a_rank_that_is_no_number_is_in_nobody_s_way) {
  struct odd final : policy {
    std::string_view name() const noexcept override { return "odd"; }
    pick choose(const decision&, const event_features&, random_source&,
                time_point) noexcept override {
      return {};
    }
    standing rank(const prediction& of, site_index site, const event_features&,
                  random_source&) const noexcept override {
      return {to_int(site) < 150 ? std::numeric_limits<double>::quiet_NaN()
                                 : of.total};
    }
  };
  random_source random{3};
  const crowd all{100, random}; // sites 0, 3, 6 ...
  const auto seen = first_of(all.list, {}, odd{}, random);
  BOOST_TEST(std::count_if(seen.begin(), seen.end(),
                           [](uint32_t i) { return i >= 50; })
             >= 28);
}

BOOST_AUTO_TEST_CASE(only_the_healthy_are_looked_at_and_all_of_them_when_few) {
  random_source random{1};
  crowd all{300, random};
  std::vector<uint32_t> well;
  for (uint32_t i = 0; i < all.list.size(); ++i) {
    all.list[i].healthy = i % 15 == 2;
    if (i == 47)
      all.list[i].cell = nullptr;
    else if (all.list[i].healthy)
      well.push_back(i);
  }
  const min_latency rule;
  BOOST_TEST(first_of(all.list, {}, rule, random) == well,
             boost::test_tools::per_element());
  for (auto& one : all.list)
    one.healthy = false;
  BOOST_TEST(first_of(all.list, {}, rule, random).empty());
  BOOST_TEST(first_of({}, {}, rule, random).empty());
}

BOOST_AUTO_TEST_CASE(every_site_is_looked_at_now_and_then) {
  random_source random{7};
  const crowd all{200, random};
  const min_latency rule;
  std::set<uint32_t> seen;
  for (int i = 0; i < 1000; ++i)
    for (const auto one : first_of(all.list, {}, rule, random))
      seen.insert(one);
  BOOST_TEST(seen.size() == all.list.size());
}

BOOST_AUTO_TEST_CASE(what_is_no_number_counts_as_none) {
  random_source random{3};
  const crowd all{100, random};
  const min_latency rule;
  event_features none, odd;
  none.size = none.bytes.up = 0;
  odd.size = std::numeric_limits<double>::quiet_NaN();
  odd.bytes.up = -5;
  random_source one{1}, two{1};
  BOOST_TEST(first_of(all.list, none, rule, one)
               == first_of(all.list, odd, rule, two),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_draw_among_all_stays_one) {
  constexpr size_t sites = 64;
  constexpr int draws = 64'000;
  for (const auto* name : {"random", "p2c"})
    BOOST_TEST_CONTEXT(name) {
      random_source random{11};
      crowd all{sites, random};
      for (auto& one : all.list)
        one.in_flight = 0; // alike to p2c
      const auto rule = *make_policy(name);
      std::map<site_index, int> counts;
      for (int i = 0; i < draws; ++i) {
        const auto some
          = those(all.list, first_of(all.list, {}, *rule, random));
        const auto made = decide(some, {}, *rule, random, now);
        ++counts[made.sites[made.chosen]];
      }
      double chi2 = 0;
      for (const auto& one : all.list)
        chi2 += std::pow(counts[one.site] - draws / double{sites}, 2)
                / (draws / double{sites});
      BOOST_TEST(chi2 < 126); // 63 degrees of freedom: 4 in a million
    }
}

BOOST_AUTO_TEST_CASE(round_robin_comes_to_everyone_in_turn) {
  random_source random{5};
  const crowd all{100, random};
  const auto rule = *make_policy("round-robin");
  for (int round = 0; round < 3; ++round)
    for (const auto& one : all.list) {
      const auto some = those(all.list, first_of(all.list, {}, *rule, random));
      const auto made = decide(some, {}, *rule, random, now);
      BOOST_REQUIRE((made.sites[made.chosen] == one.site));
    }
}

BOOST_AUTO_TEST_CASE(the_least_loaded_of_all_is_found) {
  random_source random{5};
  crowd all{500, random};
  for (auto& one : all.list)
    one.in_flight = 50;
  all.list[333].in_flight = 0;
  const auto rule = *make_policy("jsq");
  const auto some = those(all.list, first_of(all.list, {}, *rule, random));
  const auto made = decide(some, {}, *rule, random, now);
  BOOST_TEST((made.sites[made.chosen] == all.list[333].site));
}

BOOST_AUTO_TEST_CASE(a_fixed_site_is_there_however_slow) {
  random_source random{5};
  const crowd all{500, random};
  for (size_t i = 0; i < all.list.size(); i += 25) {
    const auto rule = *make_policy("static", all.list[i].site);
    const auto some = those(all.list, first_of(all.list, {}, *rule, random));
    const auto made = decide(some, {}, *rule, random, now);
    BOOST_REQUIRE((made.why == reason::fixed));
    BOOST_REQUIRE((made.sites[made.chosen] == all.list[i].site));
  }
}

/// Sites alike: keys go by their own order, the same for two routers, and stay.
BOOST_AUTO_TEST_CASE(keys_stay_and_routers_agree_on_new_ones) {
  random_source random{5};
  crowd all{200, random};
  for (auto& one : all.list) {
    one.cell = all.list[0].cell;
    one.in_flight = 0;
    one.free_in_ms = one.backlog_ms = one.loop_lag_ms = 0;
  }
  const auto make = [] {
    return sticky{{}, std::make_unique<min_latency>()};
  };
  auto here = make(), there = make();
  const auto site_for = [&](policy& rule, uint64_t key) {
    event_features event;
    event.key = key;
    const auto some = those(all.list, first_of(all.list, event, rule, random));
    const auto made = decide(some, event, rule, random, now);
    return made.sites[made.chosen];
  };
  std::set<site_index> used;
  for (uint64_t key = 1; key <= 100; ++key) {
    const auto site = site_for(here, key);
    used.insert(site);
    BOOST_REQUIRE((site == site_for(here, key)));
    BOOST_REQUIRE((site == site_for(there, key)));
  }
  BOOST_TEST(used.size() > 50u);
}

BOOST_AUTO_TEST_SUITE_END()
