// The demo's scenario and its measures.
#pragma once

#include "tests/support/queue_sim.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace faas::test {

/// Images per event: quantiles of STOIC's images_per_hour, capped at 300.
inline double skewed_size(random_source& random) {
  constexpr std::array<double, 11> deciles{1,  5,  10,  15,  25, 37,
                                           55, 75, 110, 180, 300};
  const double u = random.uniform() * 10;
  const auto i = static_cast<size_t>(u);
  const double part = u - static_cast<double>(i);
  return std::floor(deciles[i] + part * (deciles[i + 1] - deciles[i]));
}

struct phases {
  double slow_from = 40, slow_until = 80, end = 120, factor = 4;
};

inline sim_config edge_and_cloud(uint64_t seed, phases p = {}) {
  sim_config config;
  config.seed = seed;
  config.seconds = p.end;
  config.size = skewed_size;
  sim_site edge, cloud;
  edge.name = edge.tier = "edge";
  edge.slowdown = 5;
  edge.disturbance = [p](double s) {
    return s >= p.slow_from && s < p.slow_until ? p.factor : 1.0;
  };
  cloud.name = cloud.tier = "cloud";
  cloud.rtt_ms = 40;
  cloud.ms_per_byte = 4e-4; // 20 Mbit/s
  config.sites = {edge, cloud};
  return config;
}

inline double mean_ms(const std::vector<sim_event>& events) {
  double sum = 0;
  for (const auto& e : events)
    sum += e.latency_ms;
  return events.empty() ? 0 : sum / static_cast<double>(events.size());
}

/// Latency quantile of the events sent in [from, until).
inline double quantile_ms(const std::vector<sim_event>& events, double q,
                          double from, double until) {
  std::vector<double> values;
  for (const auto& e : events)
    if (e.sent >= from && e.sent < until)
      values.push_back(e.latency_ms);
  if (values.empty())
    return 0;
  const auto n = static_cast<double>(values.size());
  const auto k
    = std::min(values.size() - 1, static_cast<size_t>(std::ceil(q * n)) - 1);
  std::nth_element(values.begin(), values.begin() + static_cast<long>(k),
                   values.end());
  return values[k];
}

/// Seconds after `since` of the last event in [since, until) that was routed,
/// not explored, to the wrong site (in truth 1.25 times and 5 ms slower than
/// the better) out of an outdated belief about the edge (off by more than 1.4);
/// 0 when there is none. What remains are errors about queues.
inline double last_wrong_s(const std::vector<sim_event>& events, double since,
                           double until) {
  double last = 0;
  for (const auto& e : events) {
    if (e.sent < since || e.sent >= until || e.why == routing::reason::explored)
      continue;
    const double mine = e.true_ms[static_cast<size_t>(e.site)];
    const double best = std::min(e.true_ms[0], e.true_ms[1]);
    const bool outdated = std::abs(std::log(e.belief[0])) > std::log(1.4);
    if (outdated && mine > 1.25 * best && mine > best + 5)
      last = std::max(last, e.sent - since);
  }
  return last;
}

/// When the first reply came of an event that the site served wholly slowly.
inline double first_slow_reply(const std::vector<sim_event>& events, int site,
                               double slow_from) {
  double first = 1e300;
  for (const auto& e : events)
    if (e.site == site && e.started >= slow_from)
      first = std::min(first, e.finished);
  return first;
}

} // namespace faas::test
