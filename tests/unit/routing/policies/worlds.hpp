// Worlds in which published policies were measured, in virtual time.
#pragma once

#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/sim/figures.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace faas::sim {

/// `sites` alike with so many servers, each event exponential with that mean.
inline scenario servers_alike(size_t sites, size_t servers, double mean_ms) {
  scenario made;
  for (size_t i = 0; i < sites; ++i) {
    site_law one;
    one.name = one.tier = "s" + std::to_string(i);
    one.servers = servers;
    one.link.rtt_ms = 0;
    made.sites.push_back(one);
  }
  function_law function;
  function.size = law::exponential(mean_ms);
  function.ms_per_unit = 1;
  function.ms_fixed = 0;
  function.noise = 0;
  made.functions = {function};
  made.ping_every_ms = made.tick_every_ms = 0;
  return made;
}

/// Poisson events, so many per second, spread over so many gateways.
inline void load(scenario& world, double rate, size_t gateways = 1) {
  world.gateways = gateways;
  const double each = rate / static_cast<double>(gateways);
  for (size_t g = 0; g < gateways; ++g)
    world.events.push_back(
      {0, g, traffic::any, [each] { return poisson(each); }});
}

/// Prints its seed and what came out.
inline figures played(const scenario& world, const std::string& policy,
                      uint64_t seed = 1) {
  run_options how;
  how.seed = seed;
  how.policy = [policy](const auto& sites) {
    return std::move(*routing::make_policy(policy, sites[0]));
  };
  const auto seen = summarise(run(world, how), world.sites.size());
  BOOST_TEST_MESSAGE(policy << ", seed " << seed << ": " << seen.events
                            << " events, mean " << seen.mean_ms << " ms, p50 "
                            << seen.p50_ms << ", p99 " << seen.p99_ms);
  return seen;
}

} // namespace faas::sim
