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

/// One row per site: predicted parts for an event of that size, counters, which
/// one is best and which second; then the nodes that can never run it.
std::vector<site_status> site_rows(const rows_source& from, const route& of,
                                   double size);

} // namespace faas::actors
