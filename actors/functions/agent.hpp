// The actor that makes its node match its assignments.
#pragma once

#include "actors/functions/function_actor.hpp"
#include "actors/interfaces.hpp"
#include "actors/log_book.hpp"
#include "actors/system/census.hpp"
#include "libfaas/manifest/platform.hpp"

namespace faas::actors {

struct agent_config {
  node_name node;
  machine_platform platform; ///< which builds it can run
  function_hosts* hosts = nullptr;
  log_book* logs = nullptr;
  census* counters = nullptr;
  const clock_source* clock = nullptr;
  keeper_actor keeper;
  vault_actor vault; ///< null: functions with secrets fail
  predictor_actor predictor;
  /// Gets this node's placements after each change; must not block.
  std::function<void(local<node_placements>)> report;
  /// Gets the load of versions that may leave the memory, each second while
  /// there is any; must not block. May be empty.
  std::function<void(wire::loads)> report_loads = {};
  /// Told whether every assignment has reached an end state; for readiness.
  std::function<void(bool settled)> settled;
  /// What it went by before this start, or null; and what of it the store did
  /// not know.
  std::shared_ptr<const cluster_view> last = nullptr;
  std::set<function_name> kept = {};
  std::function<void(std::string)> log = {};
};

/// Goes by its last view from the start, then by newer ones (view_follower).
/// Spawns and stops one function actor per assigned version; gives the
/// predictor a new structure whenever hosts, peers or the view change. A version
/// that is no longer assigned takes events for 2 s more before it drains. On exit
/// it closes all its function actors and ends after the last one.
agent_actor spawn_agent(caf::actor_system& system, agent_config config);

} // namespace faas::actors
