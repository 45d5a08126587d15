// The actor that has the bundles of this node.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/system/census.hpp"
#include "libfaas/bundles/collection.hpp"
#include "libfaas/ports/replica_store.hpp"

namespace faas::actors {

struct keeper_config {
  bundle_store* store = nullptr;
  census* counters = nullptr;
  const clock_source* clock = nullptr;
  replica_store* replica = nullptr; ///< null: assignments are not kept
  node_name node = {};
  /// Of the controller's node: its store is where bundles come from, and only
  /// collection removes any.
  bundles::collection_rules rules = {};
  /// Of any other node: its store is a cache of at most so many bytes; 0: no
  /// bound.
  uint64_t cache_bytes = 0;
  std::function<void(std::string)> log = {};
};

/// Detached: the store blocks. Gets bundles for functions, from the store or
/// from other nodes (bundle_pulls), and gives parts of them to other nodes. A
/// bundle that changed on the disk is got again. Removes uploads that nobody
/// went on with for a day.
keeper_actor spawn_keeper(caf::actor_system& system, keeper_config config);

} // namespace faas::actors
