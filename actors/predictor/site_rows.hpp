// What people are shown of a function's sites.
#pragma once

#include "actors/routing/board.hpp"
#include "actors/routing/route_stats.hpp"
#include "libfaas/ports/admin_port.hpp"
#include "libfaas/routing/predictor.hpp"

#include <vector>

namespace faas::actors {

struct rows_source {
  const routing::predictor& core;
  const stats_book& stats;
  time_point now;
};

/// One row per site: the parts predicted for an event of that size, with the
/// function's mean bytes, as a gateway loop would predict them but for its own
/// lag; counters; which site the function's policy would choose without
/// exploring, and which without that one. A policy that goes by more than
/// predictions cannot be foretold (site_status::foretold): then those with the
/// least total and imposed. Last the nodes that can never run it. On the
/// predictor's thread.
std::vector<site_status> site_rows(const rows_source& from, const route& of,
                                   double size);

} // namespace faas::actors
