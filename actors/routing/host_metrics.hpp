// Slots and queue of each function on this node, for scraping.
#pragma once

#include "actors/routing/board.hpp"
#include "libfaas/ports/metrics.hpp"

namespace faas::actors {

/// Reads the hosts of the current routing table. Thread safe.
class host_metrics final : public metrics_source {
public:
  host_metrics(const routing_board& board, site_name site)
    : board_(board), site_(std::move(site)) {}
  std::vector<metric_family> collect() const override;

private:
  const routing_board& board_;
  site_name site_;
};

} // namespace faas::actors
