// The actor that represents one function version on this node.
#pragma once

#include "actors/functions/pending_host.hpp"
#include "actors/interfaces.hpp"
#include "actors/log_book.hpp"
#include "actors/system/census.hpp"

namespace faas::actors {

struct function_config {
  version_ref version;
  function_spec spec;
  digest bundle;
  std::optional<error> unfit; ///< no build for this machine: it fails so
  node_name node;
  function_hosts* hosts = nullptr;
  log_book* logs = nullptr;
  census* counters = nullptr;
  const clock_source* clock = nullptr;
  keeper_actor keeper;
  vault_actor vault;   ///< null: a function with secrets fails
  string_map secrets;  ///< name: stamp, of those that exist
  scale_order scale;   ///< to begin with
  /// For events that wait until it is here; null: none do.
  std::shared_ptr<waiting_room> room = {};
  /// Gets every change of state; the agent. Must not block.
  std::function<void(local<placement_changed>)> report;
};

/// Until it is ready for the first time events may wait in a pending_host, which
/// it makes for each try; they go back when the try fails.
///
/// Control only: gets the bundle, opens the host, reports pulling, loading,
/// ready, failed, quarantined, and drains at the end. Events never pass
/// through it. A bundle that cannot be had is asked for again with back-off; a
/// bundle that is bad stays failed until the version changes.
///
/// Secrets are there before the code is loaded. When one has another value
/// later, new instances take over from the old ones (`secret_change: restart`),
/// which take events for 2 s more; if they cannot be made, the old ones go on
/// and the reason says so. With `notify` instances are told.
function_actor spawn_function(caf::actor_system& system,
                              function_config config);

} // namespace faas::actors
