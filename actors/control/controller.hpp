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
  /// With others it leads by turns: as long as it has the lease it gives views
  /// and takes commands; otherwise it keeps up to date and refuses, with the
  /// leader's name. Null: the only one.
  leader_seat* seat = nullptr;
  /// Of the lease under which `state` was loaded; 0: it was not.
  uint64_t term = 0;
  node_book* nodes = nullptr; ///< null: duties are in memory (tests)
  secret_desk_config secrets = {};
  census* counters = nullptr;
  const clock_source* clock = nullptr;
  /// Gets each new view; must not block. Set to reach the local agent and,
  /// through membership, the other nodes.
  std::function<void(local<cluster_view>)> publish;
  /// Lets the other controllers keep a bundle, then calls back, on any thread.
  /// Must not block. Empty: there are none.
  std::function<void(const digest&, std::function<void()>)> share;
  std::function<void(std::string)> log; ///< may be empty
  /// To the keeper of this node; must not block.
  std::function<void(local<collect_bundles>)> collect;
};

/// Detached: the store blocks. Its first view goes out at once, or when it
/// begins to lead. Looks at rollouts each second.
controller_actor spawn_controller(caf::actor_system& system,
                                  controller_config config);
/// The same on the scheduler, for tests with a store that does not block.
controller_actor spawn_scheduled_controller(caf::actor_system& system,
                                            controller_config config);

} // namespace faas::actors
