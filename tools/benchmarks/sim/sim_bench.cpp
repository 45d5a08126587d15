// How many events a second of real time the simulator plays on one core: three
// sites, with round robin and with the predictor. Medians of rounds that take
// turns.
//
//   bench_sim [ROUNDS [EVENTS]]
#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/sim/world.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace faas;
using namespace faas::sim;

scenario three_sites(double events) {
  constexpr double rate = 60;
  scenario made;
  for (const auto* name : {"edge", "cloud", "gpu"}) {
    site_law site;
    site.name = site.tier = name;
    site.link.jitter_ms = 1;
    made.sites.push_back(site);
  }
  made.sites[0].servers = 2;
  made.sites[0].slowdown = 5;
  made.sites[1].servers = 4;
  made.sites[1].slowdown = 2;
  made.sites[1].link.rtt_ms = 35;
  made.sites[2].slowdown = 0.5;
  made.sites[2].link.rtt_ms = 55;
  made.functions.resize(1);
  made.functions[0].size = law::log_normal(1, 0.5);
  made.functions[0].ms_per_unit = 6;
  made.functions[0].ms_fixed = 3;
  made.events = {{0, 0, traffic::any, [] { return poisson(rate); }}};
  made.length_ms = events / rate * 1000;
  return made;
}

double per_second(const scenario& world, const char* policy) {
  run_options how;
  how.policy = [policy](const auto& sites) {
    return std::move(*routing::make_policy(policy, sites[0]));
  };
  const auto began = std::chrono::steady_clock::now();
  const auto count = run(world, how).size();
  return static_cast<double>(count) * 1e3
         / to_ms(std::chrono::steady_clock::now() - began);
}

} // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 3;
  const auto world = three_sites(argc > 2 ? std::atof(argv[2]) : 1e6);
  std::vector<double> seen[2];
  const char* names[] = {"round-robin", "min-latency"};
  for (int round = 0; round < rounds; ++round)
    for (int i = 0; i < 2; ++i)
      seen[i].push_back(per_second(world, names[i]));
  for (int i = 0; i < 2; ++i) {
    std::sort(seen[i].begin(), seen[i].end());
    std::printf("%-12s %9.0f events/s\n", names[i],
                seen[i][seen[i].size() / 2]);
  }
  return 0;
}
