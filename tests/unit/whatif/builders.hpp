// Worlds with known laws, and their logs.
#pragma once

#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/whatif/answer.hpp"
#include "libfaas/whatif/simulated_log.hpp"

#include <string>

namespace faas::test {

/// A near site of two servers that is slow, a far one of four that is fast, on
/// a link that bytes fill. `rate`: events a second.
inline sim::scenario two_sites(double rate = 40, double seconds = 200) {
  sim::site_law edge, cloud;
  edge.name = edge.tier = "edge/cpu";
  edge.servers = 2;
  edge.slowdown = 3;
  edge.link.rtt_ms = 2;
  cloud.name = cloud.tier = "cloud/cpu";
  cloud.servers = 4;
  cloud.link.rtt_ms = 40;
  cloud.link.jitter_ms = 0.5;
  cloud.link.ms_per_byte = 1e-4;
  sim::function_law work;
  work.name = "classify";
  work.size = sim::law::log_normal(1, 0.5);
  work.ms_per_unit = 10;
  work.ms_fixed = 4;
  work.bytes_per_unit = 50'000;
  work.noise = 0.15;
  sim::scenario made;
  made.sites = {edge, cloud};
  made.functions = {work};
  sim::traffic all;
  all.source = [rate] { return sim::poisson(rate); };
  made.events = {all};
  made.length_ms = seconds * 1000;
  made.warm_up_ms = 20'000;
  return made;
}

/// Options of a run under that policy: a catalogue's text, or "static:N", N the
/// site's number.
inline sim::run_options under(const std::string& policy, uint64_t seed) {
  sim::run_options how;
  how.seed = seed;
  how.policy = [policy](const auto& sites) {
    if (policy.starts_with("static:"))
      return std::move(*routing::make_policy(
        "static", sites[static_cast<size_t>(policy.back() - '0')]));
    return std::move(*routing::make_policy(policy));
  };
  return how;
}

inline whatif::recording recorded(const sim::scenario& world,
                                  const std::string& policy, uint64_t seed = 1,
                                  double share = 1) {
  auto made = whatif::recording_of(
    whatif::simulated_log(world, under(policy, seed), policy, share));
  if (!made)
    throw std::runtime_error(made.error().to_string());
  return std::move(*made);
}

/// Figures of the world's own plays, means over seeds that no log is made with
/// unless `first` says otherwise.
inline whatif::figures truth(const sim::scenario& world,
                             const std::string& policy, int seeds = 8,
                             uint64_t first = 100) {
  whatif::figures sum{};
  for (int i = 0; i < seeds; ++i) {
    std::vector<std::pair<double, double>> latencies;
    for (const auto& one :
         sim::run(world, under(policy, first + static_cast<uint64_t>(i))))
      latencies.emplace_back(one.latency_ms, 1);
    const auto run = whatif::figures_of(std::move(latencies));
    for (size_t k = 0; k < sum.size(); ++k)
      sum[k] += run[k] / seeds;
  }
  return sum;
}

} // namespace faas::test
