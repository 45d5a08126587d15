// Events drawn without a run are those of the run.
#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/sim/draws.hpp"
#include "libfaas/sim/event_stream.hpp"
#include "libfaas/sim/world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

using namespace faas;
using namespace faas::sim;

namespace {

/// Two functions, one site that shows all that was drawn: no queue, no cold
/// start, slow-down 1.
scenario transparent() {
  scenario made;
  site_law site;
  site.name = site.tier = "only";
  site.servers = 1000;
  made.sites = {site};
  function_law small, large;
  small.name = "small";
  large.name = "large";
  large.size = law::log_normal(3, 0.5);
  large.ms_per_unit = 4;
  large.noise = 0.3;
  large.outlier_share = 0.05;
  large.outlier_factor = 6;
  made.functions = {small, large};
  made.events
    = {{0, 0, traffic::any, [] { return poisson(30); }}, {1, 0, traffic::any, [] {
                                              return on_off({80, 5, 700, 900});
                                            }}};
  made.length_ms = 20'000;
  return made;
}

run_options round_robin() {
  run_options made;
  made.policy = [](const auto&) {
    return std::move(
      *routing::make_policy("round-robin", routing::site_index{0}));
  };
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(draws_test)

  BOOST_AUTO_TEST_CASE(memoryless_work_is_exponential) {
    auto world = transparent();
    for (auto& one : world.functions) {
      one.size = law::constant(3);
      one.memoryless = true;
      one.outlier_share = 0;
    }
    world.length_ms = 1'000'000;
    double count = 0, sum = 0, squares = 0, longer = 0;
    for (const auto& one : draw_events(world, 1)) {
      const double share = one.work / one.mean_work;
      ++count;
      sum += share;
      squares += share * share;
      longer += share > 1;
    }
    BOOST_CHECK_CLOSE(sum / count, 1, 2);
    BOOST_CHECK_CLOSE(squares / count, 2, 5);
    BOOST_CHECK_CLOSE(longer / count, std::exp(-1), 2);
    world.functions[1].outlier_share = 0.5;
    world.functions[1].outlier_factor = 3;
    BOOST_TEST(mean_noise(world.functions[0]) == 1);
    BOOST_TEST(mean_noise(world.functions[1]) == 2);
  }

  BOOST_AUTO_TEST_CASE(are_the_events_of_a_run_with_that_seed) {
    const auto world = transparent();
    for (const uint64_t seed : {1u, 2u, 99u}) {
      auto how = round_robin();
      how.seed = seed;
      auto met = run(world, how);
      std::sort(met.begin(), met.end(),
                [](const auto& a, const auto& b) { return a.sent < b.sent; });
      const auto drawn = draw_events(world, seed);
      BOOST_TEST_REQUIRE(drawn.size() == met.size(), "seed " << seed);
      BOOST_TEST(drawn.size() > 500u);
      for (size_t i = 0; i < drawn.size(); ++i) {
        BOOST_TEST_REQUIRE(drawn[i].sent == met[i].sent);
        BOOST_TEST_REQUIRE(std::abs(drawn[i].work - met[i].service_ms) < 1e-6);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(in_another_time_only_the_schedule_moves) {
    auto world = transparent();
    world.warm_up_ms = 2000;
    world.sites[0].disturbance = schedule{{{5000, 3}, {10'000, 1}}};
    world.sites[0].link.rtt_factor = schedule{{{1000, 2}}, 4000};
    const auto shorter = in_time(world, 5000);
    BOOST_TEST(shorter.length_ms == 5000);
    BOOST_TEST(shorter.warm_up_ms == 500);
    BOOST_TEST(shorter.sites[0].disturbance.at(1249) == 1);
    BOOST_TEST(shorter.sites[0].disturbance.at(1250) == 3);
    BOOST_TEST(shorter.sites[0].disturbance.at(2500) == 1);
    BOOST_TEST(shorter.sites[0].link.rtt_factor.period() == 1000);
    BOOST_TEST(shorter.sites[0].link.rtt_factor.at(1260) == 2);
    // The events begin as they did.
    const auto all = draw_events(world, 7), some = draw_events(shorter, 7);
    BOOST_TEST_REQUIRE(some.size() < all.size());
    for (size_t i = 0; i < some.size(); ++i)
      BOOST_TEST(some[i].sent == all[i].sent);
  }

  BOOST_AUTO_TEST_SUITE_END()
