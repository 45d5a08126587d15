// The actor that learns latencies and publishes what loops route by.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/routing/route_stats.hpp"
#include "actors/system/census.hpp"
#include "libfaas/ports/replica_store.hpp"

#include <functional>
#include <string>

namespace faas::actors {

class quality_book;

struct predictor_actor_config {
  node_name node;
  routing_board* board = nullptr;
  port_book* ports = nullptr;
  stats_book* stats = nullptr;
  census* counters = nullptr;
  const clock_source* clock = nullptr;
  bool probe = true; ///< measure this node's CPU when its site is silent
  quality_book* quality = nullptr; ///< told each second; null: nobody is
  /// Where what was learned is kept over a restart, as for a peer; null: nowhere.
  replica_store* experience = nullptr;
  std::function<void(std::string)> log = {};
};

/// Owns the estimators; adds cells to each new structure and publishes the
/// routing table. Every 100 ms it asks the ports for what is in flight: events
/// later than predicted are evidence already.
predictor_actor spawn_predictor(caf::actor_system& system,
                                predictor_actor_config config);

} // namespace faas::actors
