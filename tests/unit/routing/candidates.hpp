// Candidates over cells of their own, alike or drawn.
#pragma once

#include "libfaas/routing/decision.hpp"

#include <cmath>
#include <deque>
#include <vector>

namespace faas::test {

struct candidates {
  static constexpr time_point now = time_point{} + std::chrono::seconds{100};

  std::deque<routing::estimate_cell> cells;
  std::vector<routing::candidate> list;

  routing::candidate& add(routing::estimate e, bool healthy = true) {
    e.updated_ms = to_ms(now.time_since_epoch());
    cells.emplace_back(e);
    routing::candidate c;
    c.site = routing::site_index{static_cast<uint32_t>(list.size())};
    c.cell = &cells.back();
    c.healthy = healthy;
    list.push_back(c);
    return list.back();
  }
};

/// Everything about it is known: it takes so long, on a way of so long.
inline routing::estimate certain(double service_ms, double rtt_ms = 0) {
  routing::estimate e;
  e.slope = 0;
  e.intercept = service_ms;
  e.log_var = e.log_noise = 0;
  e.rtt_ms = rtt_ms;
  e.rtt_var = e.net_noise_ms2 = e.grain_ms = 0;
  return e;
}

inline routing::estimate random_estimate(random_source& random) {
  routing::estimate e;
  e.slope = random.uniform();
  e.intercept = 1 + 5 * random.uniform();
  e.factor = std::exp(random.normal());
  e.log_var = 0.1 * random.uniform();
  e.rtt_ms = 50 * random.uniform();
  e.up_ms_per_byte = 1e-3 * random.uniform();
  e.down_ms_per_byte = 1e-3 * random.uniform();
  e.servers = 1 + std::floor(4 * random.uniform());
  e.others = 3 * random.uniform();
  e.mean_service_ms = 20;
  return e;
}

} // namespace faas::test
