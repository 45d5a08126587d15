// What a run was like.
#pragma once

#include "libfaas/sim/world.hpp"

namespace faas::sim {

/// Figures of a run.
struct figures {
  size_t events = 0;
  double mean_ms = 0, p50_ms = 0, p95_ms = 0, p99_ms = 0;
  double regret_ms = 0;      ///< mean
  double regret_share = 0;   ///< of the clairvoyant's expected latency
  double near_best = 0;      ///< share within 5 % of the best site
  double coverage = 0;       ///< latencies inside the 90 % interval predicted
  std::vector<double> shares; ///< of events, by site
};
figures summarise(const std::vector<record>& all, size_t sites);

} // namespace faas::sim
