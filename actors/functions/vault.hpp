// The actor that puts secrets where functions of this node find them.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/system/census.hpp"
#include "libfaas/ports/secrets.hpp"

namespace faas::actors {

struct vault_config {
  /// Null: there is no folder in memory; `why` is what functions are told.
  secret_files* files = nullptr;
  error why{errc::unavailable, "this node has no place for secrets"};
  census* counters = nullptr;
  const clock_source* clock = nullptr;
};

/// Detached: files block. Values come from the controller, or from another
/// version on this node that has the same; they are kept in the files only. A
/// value that does not come is asked for again, at last the waiter learns it
/// (errc::unavailable).
vault_actor spawn_vault(caf::actor_system& system, vault_config config);
/// The same on the scheduler, for tests with files that do not block.
vault_actor spawn_scheduled_vault(caf::actor_system& system,
                                  vault_config config);

} // namespace faas::actors
