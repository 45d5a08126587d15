// Sites that serve in batches, by hand and in whole runs; queues_test has the
// closed forms.
#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/sim/batch_servers.hpp"
#include "libfaas/sim/figures.hpp"

#include "libfaas/sim/world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <map>

using namespace faas;
using namespace faas::sim;

namespace {

/// Batches of `most` items that take 10 + items ms.
site_law batching(double most, double window = 0, size_t servers = 1) {
  site_law made;
  made.name = made.tier = "gpu";
  made.servers = servers;
  made.batch = batch_law{most, window, 10.0, 1.0};
  return made;
}

batch_event event(uint32_t id, double arrives, double items = 1,
                  uint32_t function = 0) {
  return {id, function, items, 1, arrives};
}

/// All batches of these events.
std::vector<batch> batches(const site_law& site,
                           const std::vector<batch_event>& events) {
  batch_station station{site, std::vector<function_law>(2)};
  for (const auto& one : events)
    station.add(one);
  std::vector<batch> made;
  station.go_on(1e6, made);
  BOOST_TEST(std::isinf(station.next()));
  return made;
}

std::vector<uint32_t> ids(const batch& of) {
  std::vector<uint32_t> made;
  for (const auto& one : of.members)
    made.push_back(one.id);
  return made;
}

using id_list = std::vector<uint32_t>;

run_options by(chooser what, const std::string& policy = "min-latency") {
  run_options made;
  made.by = what;
  made.policy = [policy](const auto& sites) {
    return std::move(*routing::make_policy(policy, sites[0]));
  };
  return made;
}

/// A CPU site nearby and a GPU that batches.
scenario two_sites(double rate) {
  scenario made;
  site_law edge;
  edge.name = edge.tier = "edge";
  edge.servers = 2;
  edge.link.rtt_ms = 2;
  auto gpu = batching(16, 2);
  gpu.link.rtt_ms = 20;
  gpu.link.jitter_ms = 1;
  made.sites = {edge, gpu};
  made.functions.resize(1);
  made.functions[0].ms_fixed = 20;
  made.events = {{0, 0, traffic::any, [rate] { return poisson(rate); }}};
  made.length_ms = 60'000;
  made.warm_up_ms = 5000;
  return made;
}

/// Two CPU sites and a GPU; events come in crowds (batching-gpu.yml).
scenario crowds_with_a_gpu() {
  auto made = two_sites(0);
  made.sites[0].link.jitter_ms = 0.5;
  auto cloud = made.sites[0];
  cloud.name = cloud.tier = "cloud";
  cloud.servers = 4;
  cloud.slowdown = 0.7;
  cloud.link.rtt_ms = 20;
  made.sites.push_back(cloud);
  made.sites[1].batch = batch_law{16, 2, 12.0, 0.8};
  made.functions[0].ms_fixed = 25;
  made.functions[0].noise = 0.1;
  made.events[0].source = [] { return on_off({400, 60, 3000, 7000}); };
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(batch_test)

  BOOST_AUTO_TEST_CASE(what_waits_goes_together) {
    const auto all = batches(
      batching(3), {event(0, 0), event(1, 1), event(2, 2), event(3, 3),
                    event(4, 4), event(5, 60)});
    BOOST_REQUIRE(all.size() == 4u);
    BOOST_TEST((ids(all[0]) == id_list{0}));
    BOOST_TEST(all[0].end == 11);
    BOOST_TEST((ids(all[1]) == id_list{1, 2, 3}));
    BOOST_TEST(all[1].begin == 11);
    BOOST_TEST(all[1].end == 24);
    BOOST_TEST((ids(all[2]) == id_list{4}));
    BOOST_TEST(all[2].end == 35);
    BOOST_TEST(all[3].begin == 60);
  }

  BOOST_AUTO_TEST_CASE(a_window_ends_when_the_batch_is_full) {
    const auto all = batches(batching(2, 5), {event(0, 0), event(1, 3),
                                              event(2, 50), event(3, 56)});
    BOOST_REQUIRE(all.size() == 3u);
    BOOST_TEST(all[0].begin == 3); // full
    BOOST_TEST(all[1].begin == 55);
    BOOST_TEST((ids(all[1]) == id_list{2}));
    BOOST_TEST(all[2].begin == 66 + 5);
  }

  BOOST_AUTO_TEST_CASE(who_has_waited_for_a_full_batch_waits_no_longer) {
    const auto all = batches(batching(2, 5), {event(0, 0), event(1, 6),
                                              event(2, 7)});
    BOOST_REQUIRE(all.size() == 2u);
    BOOST_TEST(all[1].begin == 16); // as soon as the first has ended
    BOOST_TEST((ids(all[1]) == id_list{1, 2}));
  }

  BOOST_AUTO_TEST_CASE(a_crash_leaves_nothing) {
    batch_servers servers{batching(4), std::vector<function_law>(1), true};
    std::vector<settled> told;
    draw one;
    for (uint32_t i = 0; i < 3; ++i) {
      servers.sent(one, i + 1, i + 1, i);
      servers.arrive(i, one, i + 1, told);
    }
    told.clear();
    servers.crash(500);
    servers.go_on(499, told);
    BOOST_TEST(told.empty());
    for (const auto what : {knowledge::draws, knowledge::laws})
      BOOST_TEST(servers.expect(one, 450, 440, what) == 500 + 11 - 440);
    servers.arrive(7, one, 450, told);
    servers.go_on(500, told);
    BOOST_REQUIRE(told.size() == 1u);
    BOOST_TEST(told[0].flight == 7u);
    BOOST_TEST(told[0].way.end == 511);
  }

  BOOST_AUTO_TEST_CASE(only_one_function_and_only_what_fits) {
    const auto all = batches(
      batching(4), {event(0, 0, 9), event(1, 1, 1, 1), event(2, 2, 3),
                    event(3, 3, 1, 1), event(4, 4, 2), event(5, 5, 1),
                    event(6, 6, 0)});
    BOOST_REQUIRE(all.size() == 5u);
    BOOST_TEST((ids(all[0]) == id_list{0})); // larger than any batch
    BOOST_TEST(all[0].end == 19);
    BOOST_TEST((ids(all[1]) == id_list{1, 3}));
    BOOST_TEST((ids(all[2]) == id_list{2, 5})); // 3 + 2 are too many
    BOOST_TEST((ids(all[3]) == id_list{4}));
    BOOST_TEST((ids(all[4]) == id_list{6})); // nothing to be joined
  }

  BOOST_AUTO_TEST_CASE(servers_gather_each_for_itself) {
    const auto all = batches(batching(2, 5, 2), {event(0, 0), event(1, 1),
                                                 event(2, 2), event(3, 3)});
    BOOST_REQUIRE(all.size() == 2u);
    BOOST_TEST((ids(all[0]) == id_list{0, 1}));
    BOOST_TEST((ids(all[1]) == id_list{2, 3}));
    BOOST_TEST(all[1].begin == 3);
  }

  BOOST_AUTO_TEST_CASE(a_batch_is_as_slow_as_its_first_event) {
    auto site = batching(2);
    site.slowdown = 2;
    site.disturbance = schedule{{{1000, 3}}};
    auto slow = event(0, 2000);
    slow.noise = 1.5;
    BOOST_TEST(batches(site, {slow}).front().end == 2000 + 11 * 2 * 3 * 1.5);
  }

  BOOST_AUTO_TEST_CASE(a_model_is_loaded_for_its_batch) {
    auto site = batching(4);
    site.cold = {100, 50};
    const auto all
      = batches(site, {event(0, 0), event(1, 5), event(2, 6), event(3, 500)});
    BOOST_REQUIRE(all.size() == 3u);
    BOOST_TEST(all[0].cold_ms == 100);
    BOOST_TEST(all[0].end == 111);
    BOOST_TEST(all[1].cold_ms == 0);
    BOOST_TEST(all[2].cold_ms == 100);
  }

  /// What is said to come is what comes, if nothing else does.
  BOOST_AUTO_TEST_CASE(looking_is_right) {
    random_source random{21};
    BOOST_TEST_MESSAGE("seed 21");
    for (const size_t servers : {1, 2}) {
      batch_station station{batching(5, 3, servers),
                            std::vector<function_law>(2)};
      std::vector<batch> begun;
      double now = 0;
      for (uint32_t i = 0; i < 3000; ++i) {
        now += 8 * random.uniform();
        station.go_on(now, begun);
        const auto next = event(i, now + 20 * random.uniform(),
                                1 + static_cast<double>(random.below(3)),
                                static_cast<uint32_t>(random.below(2)));
        const auto said = station.look(next);
        station.add(next);
        auto copy = station;
        begun.clear();
        copy.go_on(1e9, begun);
        double came = 0;
        for (const auto& one : begun)
          for (const auto& member : one.members)
            if (member.id == i)
              came = one.end;
        BOOST_REQUIRE_EQUAL(said, came);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(who_knows_better_moves_what_waits) {
    const auto look_after = [](double end, double now) {
      batch_station station{batching(4), std::vector<function_law>(1)};
      std::vector<batch> begun;
      station.add(event(0, 0)); // until 11
      station.add(event(1, 5)); // 11 to 22
      station.go_on(now, begun);
      station.correct(0, end);
      return station.look(event(2, now));
    };
    BOOST_TEST(look_after(11, 12) == 33); // as expected
    BOOST_TEST(look_after(14, 15) == 36); // later: the second until 25
    BOOST_TEST(look_after(8, 9) == 30);   // earlier: the second until 19
  }

  /// Queue, service and cold start are the whole stay, and the shares of a
  /// batch are its time (functions/host/call.cpp, share_times).
  BOOST_AUTO_TEST_CASE(a_node_charges_an_event_its_share) {
    auto site = batching(8);
    site.cold = {40, 1000};
    batch_servers servers{site, std::vector<function_law>(1), false};
    std::vector<settled> told;
    draw one;
    for (uint32_t i = 0; i < 4; ++i) {
      one.size = i == 3 ? 2 : 1;
      servers.arrive(i, one, i, told);
    }
    BOOST_REQUIRE(told.size() == 1u);
    BOOST_TEST(told[0].way.cold_ms == 40);
    BOOST_TEST(told[0].way.service_ms == 11);
    BOOST_TEST(servers.next() == 51);
    servers.go_on(51, told);
    BOOST_REQUIRE(told.size() == 4u);
    double all = 0;
    for (const auto& of : told) {
      const auto& way = of.way;
      all += of.flight > 0 ? way.service_ms : 0;
      BOOST_TEST(way.queue_ms + way.service_ms + way.cold_ms
                   == way.end - way.at_site,
                 boost::test_tools::tolerance(1e-12));
    }
    BOOST_TEST(all == 14);
    BOOST_TEST(told[3].way.service_ms == 7);
  }

  BOOST_AUTO_TEST_CASE(who_knows_more_chooses_better) {
    for (const double rate : {60, 300}) {
      const auto world = two_sites(rate);
      const auto of = [&](const run_options& how) {
        return summarise(run(world, how), world.sites.size());
      };
      const auto oracle = of(by(chooser::clairvoyant)),
                 informed = of(by(chooser::informed)),
                 learned = of(by(chooser::learned)),
                 alone = of(by(chooser::learned, "random"));
      BOOST_TEST_MESSAGE("rate " << rate << ", regret ms: informed "
                         << informed.regret_ms << ", learned "
                         << learned.regret_ms << ", random "
                         << alone.regret_ms);
      BOOST_TEST(oracle.regret_ms == 0);
      BOOST_TEST(informed.regret_ms > 0);
      BOOST_TEST(informed.regret_ms < learned.regret_ms);
      BOOST_TEST(learned.regret_ms < alone.regret_ms / 2);
      BOOST_TEST(learned.coverage > 0.8);
    }
  }

  /// Who plans with batches comes near those who know the laws.
  BOOST_AUTO_TEST_CASE(batches_that_are_planned_with_are_worth_it) {
    constexpr int seeds = 5;
    constexpr double t = 2.776; // Student's, 4 degrees of freedom, 95 %
    const auto world = crowds_with_a_gpu();
    auto hidden = by(chooser::learned);
    hidden.predictor.batches = false;
    const auto mean_of = [&](run_options how, uint64_t seed) {
      how.seed = seed;
      return summarise(run(world, how), world.sites.size()).mean_ms;
    };
    double gain = 0, squares = 0, behind = 0;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      const auto known = mean_of(by(chooser::learned), seed);
      const auto gained = mean_of(hidden, seed) - known;
      gain += gained / seeds;
      squares += gained * gained / seeds;
      behind += (known - mean_of(by(chooser::informed), seed)) / seeds;
    }
    const auto half = t * std::sqrt((squares - gain * gain) / (seeds - 1));
    BOOST_TEST_MESSAGE("seeds 1 to 5: " << gain << " +- " << half
                       << " ms gained, " << behind << " over the informed");
    BOOST_TEST(gain - half > 2);
    BOOST_TEST(behind < 0.5);
  }

  BOOST_AUTO_TEST_CASE(a_run_depends_on_its_seed_alone) {
    const auto world = two_sites(200);
    const auto one = run(world, by(chooser::learned)),
               two = run(world, by(chooser::learned));
    BOOST_REQUIRE(one.size() == two.size());
    for (size_t i = 0; i < one.size(); ++i)
      BOOST_REQUIRE(one[i].latency_ms == two[i].latency_ms);
  }

  BOOST_AUTO_TEST_CASE(nothing_is_lost_when_a_batching_site_crashes) {
    auto world = two_sites(200);
    world.warm_up_ms = 0;
    for (int i = 1; i < 10; ++i)
      world.sites[1].absent.push_back({i * 5000.0, i * 5000.0 + 1500});
    world.sites[1].absent.push_back({55'000, 1e12});
    std::map<double, int> times;
    size_t again = 0;
    for (const auto& one : run(world, by(chooser::learned))) {
      ++times[one.sent];
      again += one.again > 0;
    }
    BOOST_TEST(again > 0u);
    for (const auto what : {chooser::informed, chooser::clairvoyant})
      BOOST_TEST(run(world, by(what)).size() == times.size());
    for (const auto& [sent, count] : times)
      BOOST_REQUIRE(count == 1);
  }

BOOST_AUTO_TEST_SUITE_END()
