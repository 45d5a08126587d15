// Durable desired state: which functions exist.
#pragma once

#include "libfaas/ports/admin_port.hpp"

#include <map>
#include <memory>
#include <optional>

namespace faas {

/// One immutable version of a function.
struct function_version {
  uint32_t number = 0;
  function_spec spec;
  digest bundle;
  wall_time created;
  std::string by;
  bool operator==(const function_version&) const = default;
};

struct function_record {
  function_name name;
  uint32_t current = 0; ///< version that gets the traffic
  uint32_t last = 0;    ///< highest number ever given; never reused
  std::map<uint32_t, function_version> versions; ///< current and recent ones
  bool operator==(const function_record&) const = default;
};

/// Everything the catalog knows at one revision.
struct catalog_state {
  revision at;
  std::map<function_name, function_record> functions;
  bool operator==(const catalog_state&) const = default;
};

/// The effect of one command on the state: the unit that a store writes.
struct catalog_change {
  request_id request;
  function_name function;
  /// The function after the change; nullopt = removed.
  std::optional<function_record> record;
  command_outcome outcome;
};

/// Pure core: what a command would change. The outcome carries the next
/// revision number; a deploy of an identical spec and bundle gives a change
/// that is `unchanged` (nothing to write). errc::not_found, errc::conflict as
/// the condition demands.
result<catalog_change> plan(const catalog_state& state,
                            const deploy_command& command, wall_time now);
result<catalog_change> plan(const catalog_state& state,
                            const remove_command& command);
/// Applies a planned change.
void apply(catalog_state& state, const catalog_change& change);

/// The durable store of the catalog. One owner; blocking calls; not thread
/// safe.
class catalog_store {
public:
  virtual ~catalog_store() = default;
  /// The whole state at start. A new store makes a new history.
  virtual result<catalog_state> load() = 0;
  /// Outcome of a request that was committed before, if it is remembered (the
  /// last 10,000 are).
  virtual result<std::optional<command_outcome>>
  outcome_of(const request_id& request) = 0;
  /// Durable when it returns (fsync). errc::storage_full, errc::internal.
  virtual result<void> commit(const catalog_change& change) = 0;
};

} // namespace faas
