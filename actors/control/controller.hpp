// The actor that owns the catalog and turns desired state into assignments.
#pragma once

#include "actors/control/secret_desk.hpp"
#include "actors/interfaces.hpp"
#include "actors/system/census.hpp"
#include "libfaas/core/clock.hpp"
#include "libfaas/ports/catalog.hpp"

namespace faas::actors {

struct controller_config {
  std::shared_ptr<catalog_store> store;
  catalog_state state; ///< what store->load() gave
  node_book* nodes = nullptr; ///< null: duties are in memory (tests)
  secret_desk_config secrets = {};
  census* counters = nullptr;
  const clock_source* clock = nullptr;
  /// Gets each new view; must not block. Set to reach the local agent and,
  /// through membership, the other nodes.
  std::function<void(local<cluster_view>)> publish;
  /// To the keeper of this node; must not block.
  std::function<void(local<collect_bundles>)> collect;
};

/// Detached: the store blocks. Its first view goes out at once. Looks at
/// rollouts each second.
controller_actor spawn_controller(caf::actor_system& system,
                                  controller_config config);
/// The same on the scheduler, for tests with a store that does not block.
controller_actor spawn_scheduled_controller(caf::actor_system& system,
                                            controller_config config);

} // namespace faas::actors
