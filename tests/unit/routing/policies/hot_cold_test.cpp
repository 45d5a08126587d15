// Prequal: its pool, and its choices among sites that others slow down.
#include "trained.hpp"
#include "worlds.hpp"

#include "libfaas/routing/policies/hot_cold.hpp"

#include <array>
#include <set>

using namespace faas;
using namespace faas::routing;
using namespace faas::sim;

namespace {

probe_reply answer(unsigned site, double in_flight, double ms, double at = 0) {
  return {site_index{site}, in_flight, ms, after(at)};
}

decision sites(size_t count) {
  decision made;
  for (size_t i = 0; i < count; ++i) {
    made.parts[i] = {};
    made.sites[i] = site_index{static_cast<uint32_t>(i)};
    made.healthy |= uint32_t{1} << i;
  }
  made.count = static_cast<uint8_t>(count);
  return made;
}

hot_cold prequal(double removal = 0) {
  hot_cold::config how;
  how.removal = removal;
  return hot_cold{how};
}

/// None is hot.
hot_cold by_latency(double removal) {
  hot_cold::config how;
  how.removal = removal;
  how.quantile = 1;
  hot_cold made{how};
  made.probed(answer(31, 1000, 1, -5000)); // which is too old to be used
  return made;
}

/// 16 sites of 4 servers, 20 ms each, 4 gateways. On each, others come and go:
/// two fifths of the time it is 3 times as slow. Seed 5.
scenario with_antagonists(double busy, double seconds) {
  auto world = servers_alike(16, 4, 20);
  random_source coin{5};
  double speed = 0, count = 0;
  for (auto& site : world.sites) {
    site.link.rtt_ms = 0.5;
    std::vector<schedule::step> steps;
    for (double at = 0; at < seconds * 1000; at += 400 + 800 * coin.uniform()) {
      steps.push_back({at, coin.uniform() < 0.4 ? 3.0 : 1.0});
      speed += 1 / steps.back().factor;
      ++count;
    }
    site.disturbance = schedule{std::move(steps)};
  }
  load(world, busy * 16 * 4 * 50 * speed / count, 4);
  world.length_ms = seconds * 1000;
  world.warm_up_ms = 500;
  return world;
}

/// The paper's sites of two kinds: of 24 with 8 servers, every other one takes
/// twice as long.
scenario fast_and_slow(double busy, double seconds) {
  auto world = servers_alike(24, 8, 20);
  for (size_t i = 0; i < world.sites.size(); ++i) {
    world.sites[i].link.rtt_ms = 0.5;
    world.sites[i].slowdown = i % 2 ? 2 : 1;
  }
  load(world, busy * 24 * 8 * 50 * 0.75, 4);
  world.length_ms = seconds * 1000;
  world.warm_up_ms = 500;
  return world;
}

} // namespace

BOOST_AUTO_TEST_SUITE(hot_cold_test)

  BOOST_AUTO_TEST_CASE(cold_ones_go_by_latency_hot_ones_by_load) {
    random_source random{1};
    auto rule = prequal();
    for (unsigned i = 0; i < 10; ++i)
      rule.probed(answer(i, i, 100 - i)); // hot: above 8, that is 9
    BOOST_TEST(rule.choose(sites(10), {}, random, after(0)).chosen == 8);
    // Of hot ones alone: the one with the least in flight.
    auto only_hot = prequal();
    for (unsigned i = 0; i < 100; ++i)
      only_hot.probed(answer(0, 0, 1));
    only_hot.probed(answer(1, 7, 5));
    only_hot.probed(answer(2, 6, 50));
    auto among = sites(3);
    among.healthy = 0b110;
    BOOST_TEST(only_hot.choose(among, {}, random, after(0)).chosen == 2);
  }

  BOOST_AUTO_TEST_CASE(a_choice_counts_as_one_more_in_flight) {
    random_source random{1};
    hot_cold::config how;
    how.quantile = 0;
    hot_cold rule{how};
    for (unsigned i = 0; i < 4; ++i)
      rule.probed(answer(i, 1, 10 + i));
    std::array<int, 4> count{};
    for (int i = 0; i < 4; ++i)
      ++count.at(rule.choose(sites(16), {}, random, after(0)).chosen);
    for (const int one : count) // each by one, none again
      BOOST_TEST(one == 1);
  }

  BOOST_AUTO_TEST_CASE(with_less_than_two_answers_any_site_is_taken) {
    random_source random{1};
    auto rule = prequal();
    rule.probed(answer(0, 0, 1));
    std::set<int> seen;
    for (int i = 0; i < 100; ++i) {
      const auto made = rule.choose(sites(4), {}, random, after(0));
      BOOST_TEST((made.why == reason::random));
      seen.insert(made.chosen);
    }
    BOOST_TEST(seen.size() == 4u);
    rule.probed(answer(1, 0, 2));
    BOOST_TEST(rule.choose(sites(4), {}, random, after(0)).chosen == 0);
    // Too old after a second.
    BOOST_TEST(
      (rule.choose(sites(4), {}, random, after(1001)).why == reason::random));
  }

  BOOST_AUTO_TEST_CASE(an_answer_is_used_as_often_as_the_formula_says) {
    // 32 sites, pool 8, 3 probes: (1 + 1) / (0.75 * 3 - r) uses, at least 1.
    for (const auto& [removal, uses] :
         {std::pair{0.0, 1.0}, {1.0, 1.6}, {1.25, 2.0}, {1.45, 2.5}}) {
      random_source random{9};
      double total = 0;
      constexpr int rounds = 4000;
      for (int i = 0; i < rounds; ++i) {
        auto rule = by_latency(removal);
        for (unsigned site = 1; site < 8; ++site)
          rule.probed(answer(site, 0, 10 + site));
        rule.probed(answer(0, 0, 1)); // neither the worst nor the oldest
        while (rule.choose(sites(32), {}, random, after(0)).chosen == 0)
          ++total;
      }
      BOOST_TEST(std::abs(total / rounds - uses) < 0.04,
                 "seed 9: " << total / rounds << ", not " << uses);
    }
  }

  BOOST_AUTO_TEST_CASE(the_worst_and_the_oldest_leave_in_turn) {
    random_source random{1};
    auto rule = by_latency(1);
    // 2 is the worst, then 4; 0 is the oldest.
    for (unsigned i = 0; i < 6; ++i)
      rule.probed(answer(i, 0, i == 2 ? 90 : i == 4 ? 80 : 20 - i));
    const auto has = [&](unsigned i) { // beside 5, which is the best
      auto copy = rule;
      auto among = sites(32);
      among.healthy = 1u << i | 1u << 5;
      return copy.choose(among, {}, random, after(0)).why == reason::ranked;
    };
    // Each choice is made by a probe's answer that is fresh.
    const auto once = [&] {
      rule.probed(answer(5, 0, 1));
      rule.choose(sites(32), {}, random, after(0));
      rule.probed(answer(5, 0, 1));
    };
    BOOST_TEST(has(2));
    once();
    BOOST_TEST(!has(2));
    BOOST_TEST((has(0) && has(4)));
    once();
    BOOST_TEST(!has(0));
    BOOST_TEST((has(1) && has(4)));
    once();
    BOOST_TEST(!has(4));
    BOOST_TEST(has(1));
  }

  BOOST_AUTO_TEST_CASE(a_full_pool_drops_the_oldest) {
    random_source random{1};
    auto rule = prequal();
    for (unsigned i = 0; i < 9; ++i)
      rule.probed(answer(i, 0, 1 + i)); // 0 would be the best of 32
    BOOST_TEST(rule.choose(sites(32), {}, random, after(0)).chosen == 1);
    // A site's new answer takes the place of its old one.
    rule.probed(answer(1, 0, 99));
    BOOST_TEST(rule.choose(sites(32), {}, random, after(0)).chosen == 2);
  }

  BOOST_AUTO_TEST_CASE(probes_go_to_different_sites_at_their_rate) {
    random_source random{2};
    for (const double rate : {0.5, 1.5, 3.0}) {
      hot_cold::config how;
      how.rate = rate;
      hot_cold rule{how};
      std::array<int, 5> count{};
      int all = 0;
      for (int i = 0; i < 10'000; ++i) {
        const auto asked = rule.probes(sites(5), random);
        std::set<site_index> different(asked.begin(), asked.end());
        BOOST_REQUIRE(different.size() == asked.size());
        for (const auto site : asked)
          ++count[to_int(site)];
        all += static_cast<int>(asked.size());
      }
      BOOST_CHECK_CLOSE(all / 10'000.0, rate, 0.1);
      for (const int one : count)
        BOOST_CHECK_CLOSE(one / 2000.0, rate, 8);
    }
  }

  BOOST_AUTO_TEST_CASE(tails_stay_low_beside_antagonists) {
    const auto world = with_antagonists(0.8, 3);
    const auto probed = played(world, "prequal"),
               turns = played(world, "round-robin"),
               two = played(world, "p2c");
    BOOST_TEST(probed.p99_ms < turns.p99_ms / 5);
    BOOST_TEST(probed.p99_ms < 0.9 * two.p99_ms); // which sees its own alone
    // More probes help, up to a point.
    const auto fewest = played(world, "prequal:rate=0.1"),
               few = played(world, "prequal:rate=0.5"),
               many = played(world, "prequal:rate=6");
    BOOST_TEST(few.p99_ms < 0.6 * fewest.p99_ms);
    BOOST_TEST(probed.mean_ms < 0.85 * few.mean_ms);
    BOOST_TEST(many.mean_ms > 0.9 * probed.mean_ms);
  }

  BOOST_AUTO_TEST_CASE(neither_load_nor_latency_alone_is_best) {
    // The quantile from 0 (load alone) to 1 (latency alone): the tail falls,
    // then rises at the end.
    const auto world = fast_and_slow(0.75, 2);
    const auto load = played(world, "prequal:quantile=0"),
               both = played(world, "prequal:quantile=0.84"),
               latency = played(world, "prequal:quantile=1");
    BOOST_TEST(both.p99_ms < 0.97 * load.p99_ms);
    BOOST_TEST(both.p99_ms < 0.95 * latency.p99_ms);
    BOOST_TEST(both.mean_ms < 0.85 * latency.mean_ms);
  }

BOOST_AUTO_TEST_SUITE_END()
