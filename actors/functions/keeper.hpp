// The actor that gets bundles: from the store of this node, or from a peer.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/system/census.hpp"
#include "libfaas/ports/replica_store.hpp"

namespace faas::actors {

struct keeper_config {
  bundle_store* store = nullptr;
  census* counters = nullptr;
  const clock_source* clock = nullptr;
  replica_store* replica = nullptr; ///< null: assignments are not kept
  node_name node = {};
  std::function<void(std::string)> log = {};
};

/// Detached: the store blocks. One download at a time per bundle, in chunks; a
/// chunk that does not come is asked for again, at last the waiters learn it
/// (errc::unavailable).
keeper_actor spawn_keeper(caf::actor_system& system, keeper_config config);

} // namespace faas::actors
