#include "libfaas/sim/figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace faas::sim {
namespace {

double quantile(std::vector<double>& values, double share) {
  const auto at = static_cast<ptrdiff_t>(
    std::min(share * static_cast<double>(values.size()),
             static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<size_t>(at)];
}

} // namespace

figures summarise(const std::vector<record>& all, size_t sites) {
  figures made;
  made.events = all.size();
  made.shares.resize(sites);
  if (all.empty())
    return made;
  std::vector<double> latencies;
  double best = 0, regret = 0;
  size_t near_best = 0, inside = 0;
  for (const auto& one : all) {
    latencies.push_back(one.latency_ms);
    best += one.best_ms;
    regret += one.regret_ms;
    near_best += one.regret_ms <= 0.05 * one.best_ms;
    // 90 % of a normal distribution lie within 1.645 sigma.
    inside += std::abs(one.latency_ms - one.predicted_ms)
              <= 1.645 * one.predicted_sd;
    made.shares[one.site] += 1;
  }
  const auto count = static_cast<double>(all.size());
  for (auto& share : made.shares)
    share /= count;
  made.mean_ms
    = std::accumulate(latencies.begin(), latencies.end(), 0.0) / count;
  made.p50_ms = quantile(latencies, 0.5);
  made.p95_ms = quantile(latencies, 0.95);
  made.p99_ms = quantile(latencies, 0.99);
  made.regret_ms = regret / count;
  made.regret_share = regret / best;
  made.near_best = static_cast<double>(near_best) / count;
  made.coverage = static_cast<double>(inside) / count;
  return made;
}

} // namespace faas::sim
