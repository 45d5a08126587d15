// The farsighted chooser against the optimum, which dynamic programming finds
// where two servers with exponential times share Poisson arrivals.
#include "libfaas/routing/queue_model.hpp"
#include "libfaas/sim/figures.hpp"
#include "libfaas/sim/foresight.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace faas;
using namespace faas::sim;

namespace {

const auto near = boost::test_tools::tolerance(1e-9);
constexpr size_t most = 60, side = most + 1; // events at a site

/// A fast and a slow site, and the load of both.
struct pair_of_sites {
  double fast_ms = 0, slow_ms = 0;
  double load = 0;
  double rate() const noexcept { return load * (1 / fast_ms + 1 / slow_ms); }
};

/// The best routing by who is where: relative value iteration (Puterman, "Markov
/// decision processes", section 8.5) of the mean number of events in the system.
class optimum {
public:
  explicit optimum(const pair_of_sites& of)
    : of_(of), value_(side * side), next_(side * side) {
    double low = 0, high = 1;
    while (high - low > 1e-4 * high)
      std::tie(low, high) = sweep();
    number_ = (low + high) / 2;
  }

  /// By Little's law.
  double mean_ms() const noexcept { return number_ / of_.rate(); }
  bool to_fast(size_t fast, size_t slow) const noexcept {
    return slow >= most
           || (fast < most && at(fast + 1, slow) <= at(fast, slow + 1));
  }

private:
  double at(size_t fast, size_t slow) const noexcept {
    return value_[fast * side + slow];
  }
  /// The least and the most by which the number's cost grew, per ms.
  std::pair<double, double> sweep() {
    const double leave[]{1 / of_.fast_ms, 1 / of_.slow_ms};
    const double all = of_.rate() + leave[0] + leave[1];
    double low = 1e300, high = 0;
    for (size_t f = 0; f < side; ++f)
      for (size_t s = 0; s < side; ++s) {
        const bool full = f == most && s == most;
        const double come = full            ? at(f, s)
                            : to_fast(f, s) ? at(f + 1, s)
                                            : at(f, s + 1);
        const double now
          = (static_cast<double>(f + s) + of_.rate() * come
             + leave[0] * at(f > 0 ? f - 1 : 0, s)
             + leave[1] * at(f, s > 0 ? s - 1 : 0))
            / all;
        next_[f * side + s] = now;
        low = std::min(low, (now - at(f, s)) * all);
        high = std::max(high, (now - at(f, s)) * all);
      }
    const double base = next_[0];
    for (auto& one : next_)
      one -= base;
    value_.swap(next_);
    return {low, high};
  }

  const pair_of_sites of_;
  std::vector<double> value_, next_;
  double number_ = 0;
};

/// Plays it.
class optimal final : public routing::policy {
public:
  explicit optimal(const optimum& rule) : rule_(rule) {}
  std::string_view name() const noexcept override { return "optimal"; }
  bool predicts() const noexcept override { return false; }
  routing::pick choose(const routing::decision& so_far,
                       const routing::event_features&, random_source&,
                       time_point) noexcept override {
    const auto there = [&](size_t site) {
      return static_cast<size_t>(so_far.parts[site].in_flight);
    };
    const bool fast = rule_.to_fast(there(0), there(1));
    return {static_cast<uint8_t>(fast ? 0 : 1), routing::reason::ranked, 1};
  }

private:
  const optimum& rule_;
};

/// One function of 1 ms at sites of that slow-down, `rate` events per ms.
scenario sites_of(std::initializer_list<double> slowdowns, double rate,
                  double events) {
  scenario made;
  for (const double slowdown : slowdowns) {
    auto& one = made.sites.emplace_back();
    one.name = one.tier = "site-" + std::to_string(made.sites.size());
    one.slowdown = slowdown;
    one.link.rtt_ms = 0;
  }
  function_law function;
  function.ms_fixed = 1;
  function.memoryless = true;
  made.functions = {function};
  made.events
    = {{0, 0, traffic::any, [rate] { return poisson(1000 * rate); }}};
  made.length_ms = events / rate;
  made.warm_up_ms = made.length_ms / 20;
  made.ping_every_ms = 0;
  return made;
}

run_options by(chooser what, uint64_t seed = 1) {
  run_options made;
  made.by = what;
  made.seed = seed;
  return made;
}

double mean_of(const scenario& world, const run_options& how) {
  return summarise(run(world, how), world.sites.size()).mean_ms;
}

/// All of a stage that foresight looks at, seen at one time.
struct view {
  explicit view(scenario of) : world(std::move(of)) {
    for (size_t i = 0; i < world.events.size(); ++i) {
      const auto& about = world.events[i];
      streams.emplace_back(about, world.functions[about.function], i + 1);
    }
    for (const auto& law : world.sites)
      sites.emplace_back(law, world.functions, true, sites.size());
    minds.emplace(world, streams);
  }
  /// An event of that stream at that time.
  draw come(double now, size_t stream = 0) {
    minds->came(stream, now);
    return streams[stream].make(now);
  }

  const scenario world;
  std::vector<event_stream> streams;
  std::vector<site_state> sites;
  std::optional<foresight> minds;
};

} // namespace

BOOST_AUTO_TEST_SUITE(foresight_test)

  /// Two M/M/1 queues. Played on the same events, so that their luck counts but
  /// little.
  BOOST_AUTO_TEST_CASE(the_farsighted_is_near_the_optimum) {
    struct expectation {
      pair_of_sites of;
      double greedy; ///< the informed takes at least so much more
    };
    for (const auto& [of, greedy] : {expectation{{5, 15, 0.5}, 1.04},
                                     expectation{{5, 25, 0.85}, 1.05}}) {
      const optimum best{of};
      const auto world = sites_of({of.fast_ms, of.slow_ms}, of.rate(), 200'000);
      auto played = by(chooser::learned);
      played.policy = [&](const auto&) {
        return std::make_unique<optimal>(best);
      };
      const double least = mean_of(world, played),
                   far = mean_of(world, by(chooser::farsighted)),
                   near = mean_of(world, by(chooser::informed));
      BOOST_TEST_MESSAGE("load " << of.load << ", mean ms: by theory "
                         << best.mean_ms() << ", played " << least
                         << ", farsighted " << far << ", informed " << near);
      BOOST_TEST(least == best.mean_ms(), boost::test_tools::tolerance(0.03));
      BOOST_TEST(far < 1.02 * least);
      BOOST_TEST(near > greedy * far);
    }
  }

  BOOST_AUTO_TEST_CASE(a_lone_site_leaves_no_choice) {
    const auto world = sites_of({5}, 0.15, 5000);
    const double only = mean_of(world, by(chooser::farsighted));
    BOOST_TEST(only > 5);
    BOOST_TEST(mean_of(world, by(chooser::informed)) == only);
    BOOST_TEST(mean_of(world, by(chooser::clairvoyant)) == only);
  }

  BOOST_AUTO_TEST_CASE(a_run_depends_on_its_seed_alone) {
    const auto world = sites_of({5, 15}, 0.2, 5000);
    const auto one = run(world, by(chooser::farsighted, 3)),
               two = run(world, by(chooser::farsighted, 3));
    BOOST_REQUIRE(one.size() == two.size());
    for (size_t i = 0; i < one.size(); ++i) {
      BOOST_REQUIRE(one[i].latency_ms == two[i].latency_ms);
      BOOST_REQUIRE(one[i].site == two[i].site);
    }
    BOOST_TEST(mean_of(world, by(chooser::farsighted, 4))
               != mean_of(world, by(chooser::farsighted, 3)));
  }

  BOOST_AUTO_TEST_CASE(it_is_whittles_index_of_each_site) {
    view all{sites_of({5, 15}, 0.3, 100)};
    for (int ahead = 0; ahead < 4; ++ahead) {
      auto event = all.come(0);
      BOOST_TEST(all.minds->imposed_ms(all.sites[0], event, 0)
                   == 5 * routing::crowding(ahead, 1.5),
                 near);
      BOOST_TEST(all.minds->imposed_ms(all.sites[1], event, 0)
                   == 15 * routing::crowding(ahead, 4.5),
                 near);
      all.sites[0].send(event, 0);
      event = all.come(0);
      all.sites[1].send(event, 0);
    }
  }

  BOOST_AUTO_TEST_CASE(servers_count_as_one_of_their_speed) {
    auto world = sites_of({5}, 0.3, 100);
    world.sites[0].servers = 2;
    view all{world};
    auto event = all.come(0);
    for (int i = 0; i < 3; ++i) {
      all.sites[0].send(event, 0);
      event = all.come(0);
    }
    // Two of the three go before it can begin.
    BOOST_TEST(all.minds->imposed_ms(all.sites[0], event, 0)
                 == 2.5 * routing::crowding(2, 0.75),
               near);
  }

  BOOST_AUTO_TEST_CASE(it_knows_all_gateways_and_the_present_laws) {
    auto world = sites_of({5}, 0.05, 100);
    world.gateways = 2;
    world.events.push_back(world.events[0]);
    world.events[1].gateway = 1;
    world.events[1].source = [] {
      return poisson(100, schedule{{{1000, 3}}}, 3);
    };
    world.sites[0].disturbance = schedule{{{1000, 2}}};
    view all{world};
    auto first = all.come(0);
    all.sites[0].send(first, 0);
    auto event = all.come(0, 1);
    BOOST_TEST(all.minds->imposed_ms(all.sites[0], event, 0)
                 == 5 * routing::crowding(1, 5 * 0.15),
               near);
    all.sites[0].returned(first, 10);
    event = all.come(1000);
    all.sites[0].send(event, 1000);
    BOOST_TEST(all.minds->imposed_ms(all.sites[0], event, 1000)
                 == 10 * routing::crowding(1, 10 * 0.35),
               near);
  }

  BOOST_AUTO_TEST_CASE(a_quota_counts_by_what_it_leaves) {
    auto world = sites_of({5}, 0.03, 100);
    world.sites[0].disturbance = schedule{{{0, 1}, {20, 1e9}}, 100};
    view all{world};
    auto event = all.come(10);
    all.sites[0].send(event, 10); // 5 ms now, 25 in the long run
    BOOST_TEST(all.minds->imposed_ms(all.sites[0], event, 10)
                 == 25 * routing::crowding(5.0 / 25, 0.75),
               boost::test_tools::tolerance(0.01));
  }

  /// Where the law does not tell, the last seconds do.
  BOOST_AUTO_TEST_CASE(rates_are_measured_where_no_law_tells_them) {
    auto world = sites_of({5}, 0.1, 100);
    world.events[0].source = [] { return trace({}); };
    view all{world};
    for (int i = 0; i < 3000; ++i) // 0.1 per ms
      all.come(10 * i);
    auto event = all.come(30'000);
    all.sites[0].send(event, 30'000);
    BOOST_TEST(all.minds->imposed_ms(all.sites[0], event, 30'000)
                 == 5 * routing::crowding(1, 0.5),
               boost::test_tools::tolerance(0.02));
  }

  BOOST_AUTO_TEST_CASE(bytes_ahead_on_a_link_crowd_it) {
    auto world = sites_of({1}, 0.1, 100);
    world.functions[0].bytes_per_unit = 1000;
    world.sites[0].link.ms_per_byte = 4e-3;
    world.sites[0].link.ms_per_byte_factor = schedule{{{100, 2}}};
    view all{world};
    for (int ahead = 0; ahead < 3; ++ahead) {
      auto event = all.come(100);
      // At the site an event has ended before the next one is there.
      BOOST_TEST(all.minds->imposed_ms(all.sites[0], event, 100)
                   == 8 * routing::crowding(ahead, 0.8),
                 near);
      all.sites[0].send(event, 100);
    }
  }

  /// Load that goes to one site, whoever routes, is load of that site.
  BOOST_AUTO_TEST_CASE(pinned_events_count_where_they_go) {
    auto world = sites_of({5, 5}, 0.1, 100);
    world.events.push_back(world.events[0]);
    world.events[1].only = 1;
    view all{world};
    for (auto& site : all.sites) {
      auto event = all.come(0);
      site.send(event, 0);
    }
    auto event = all.come(0);
    BOOST_TEST(all.minds->imposed_ms(all.sites[0], event, 0)
                 == 5 * routing::crowding(1, 0.5),
               near);
    BOOST_TEST(all.minds->imposed_ms(all.sites[1], event, 0)
                 == 5 * routing::crowding(1, 1),
               near);
  }

  BOOST_AUTO_TEST_CASE(who_loads_a_function_spares_others_that) {
    for (const bool batches : {false, true}) {
      auto world = sites_of({5, 5}, 0.1, 100);
      world.functions[0].memory_bytes = 100;
      world.sites[0].cold = {900, 15'000};
      if (batches)
        world.sites[0].batch = batch_law{};
      view all{world};
      auto event = all.come(0);
      const auto spared = [&](uint32_t site, double now) {
        return all.minds->spared_ms(all.sites[site], event, now);
      };
      // 100 a second for 15 s, and itself
      BOOST_TEST(spared(0, 0) == 900 - 900.0 / 1501, near);
      BOOST_TEST(spared(1, 0) == 0); // nothing to load
      all.sites[0].send(event, 0);
      event = all.come(2000);
      BOOST_TEST(spared(0, 2000) == 0); // it is loaded
      world.sites[1].memory_bytes = 99;
      view short_of{world};
      event = short_of.come(0);
      BOOST_TEST(short_of.minds->spared_ms(short_of.sites[0], event, 0) == 0);
    }
  }

  /// A whole cold start is more than any one event gains.
  BOOST_AUTO_TEST_CASE(a_faster_site_is_loaded_for_those_to_come) {
    auto world = sites_of({50, 5}, 0.01, 3000);
    world.sites[1].cold = {900, 15'000};
    BOOST_TEST(mean_of(world, by(chooser::farsighted)) < 12);
    BOOST_TEST(mean_of(world, by(chooser::informed)) > 40);
  }

  /// Who joins a batch that would have gone anyway is in nobody's way.
  BOOST_AUTO_TEST_CASE(batches_are_crowded_once_they_are_full) {
    auto world = sites_of({1}, 0.1, 100);
    world.functions[0].memoryless = false;
    world.functions[0].noise = 0;
    world.sites[0].batch = batch_law{4, 0, 8.0, 1.0};
    view all{world};
    const auto imposed = [&](const draw& event) {
      return all.minds->imposed_ms(all.sites[0], event, 0);
    };
    auto event = all.come(0);
    all.sites[0].send(event, 0); // begins alone
    for (int i = 0; i < 4; ++i) {
      BOOST_TEST(imposed(event) == 0);
      all.sites[0].send(event = all.come(0), 0);
    }
    for (int i = 0; i < 4; ++i)
      all.sites[0].send(event = all.come(0), 0);
    // Another four, of 3 ms each in full batches, and 0.3 is the load of all.
    BOOST_TEST(imposed(event) == 3 * routing::crowding(4, 0.3), near);
  }

BOOST_AUTO_TEST_SUITE_END()
