// Durable desired state: which functions exist.
#pragma once

#include "libfaas/ports/admin_port.hpp"
#include "libfaas/ports/lease.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>

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
  traffic_rules traffic = {};
  bool operator==(const function_record&) const = default;
};

/// What is remembered of a removed function, so that its version numbers are
/// not given again to a new function of that name.
struct retired_function {
  uint32_t last = 0;    ///< highest version number ever given
  uint64_t removed = 0; ///< number of the revision that removed it
  bool operator==(const retired_function&) const = default;
};

/// Versions kept per function, besides those that an alias, a weight or a
/// rollout needs.
inline constexpr size_t kept_versions = 10;
/// Removed functions that are remembered; the longest gone are forgotten.
inline constexpr size_t kept_retired = 1000;
/// Longest request id.
inline constexpr size_t request_id_bytes = 128;

/// Changes that are stored together.
inline constexpr size_t most_per_commit = 64;

/// Everything the catalog knows at one revision.
struct catalog_state {
  revision at;
  std::map<function_name, function_record> functions;
  std::map<function_name, retired_function> retired;
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
/// that is `unchanged` and carries the present revision. Specs are compared as
/// canonical JSON, the order of lists that are sets (topics, tiers, ...) not
/// counting. errc::not_found, errc::conflict as the condition demands,
/// errc::invalid_argument for a bad function name, spec or request id. The
/// version gets the spec as a store would give it back. How a version is rolled
/// out does not make it another one. With steps (and an earlier version) the new
/// version begins a rollout and the current one stays; otherwise it is current
/// at once. Either ends fixed weights, a rollout under way, and a scale rule.
result<catalog_change> plan(const catalog_state& state,
                            const deploy_command& command, wall_time now);
result<catalog_change> plan(const catalog_state& state,
                            const remove_command& command);
/// errc::conflict when no earlier version is kept, errc::not_found for one that
/// is not; `unchanged` when it is current already. A rollout under way ends: by
/// going to its version it is promoted, otherwise aborted; without a number the
/// current version is what is gone back to. Fixed weights end.
result<catalog_change> plan(const catalog_state& state,
                            const rollback_command& command);
/// errc::invalid_argument unless the shares add up to 100, errc::not_found for a
/// version that is not kept, errc::conflict while a rollout is under way.
result<catalog_change> plan(const catalog_state& state,
                            const traffic_command& command);
result<catalog_change> plan(const catalog_state& state,
                            const alias_command& command);
/// errc::not_found. It ends with the next deployment, also of what is in service
/// already.
result<catalog_change> plan(const catalog_state& state,
                            const scale_command& command);
/// errc::conflict when no rollout is under way, or when one that is warming up
/// shall pause.
result<catalog_change> plan(const catalog_state& state,
                            const rollout_command& command, wall_time now);
/// errc::conflict when that rollout is not under way any more.
result<catalog_change> plan(const catalog_state& state,
                            const advance_command& command, wall_time now);
/// The versions that are kept, newest first.
std::vector<version_status> versions_of(const function_record& record);
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
  /// Stores changes that were planned one on the other, all or none: durable
  /// when it returns (one fsync). Of an unchanged change only the request is
  /// remembered; an empty request id never is. errc::conflict when the first
  /// was not planned on the present revision or a request is remembered,
  /// errc::storage_full, errc::internal; after these nothing of them is
  /// stored. After errc::unavailable (a remote store) they may be stored or
  /// not: load() tells. At most `most_per_commit`.
  virtual result<void> commit(std::span<const catalog_change> changes) = 0;
  result<void> commit(const catalog_change& change) {
    return commit(std::span{&change, 1});
  }
  /// Puts `with` in the place of everything, in one step: functions, removed
  /// ones and the revision, which must be of a new history. Remembered requests
  /// are forgotten, this one is remembered. The errors of commit().
  virtual result<void> replace(const catalog_state& with,
                               const request_id& request)
    = 0;
  /// From now on commits are made under this lease: errc::unavailable once it
  /// was granted to another. A store with one owner has no use for it.
  virtual void fence(const lease& held) { (void) held; }
  /// Another leader has given this revision out, so the store must hold it:
  /// load() is errc::unavailable when it does not. Cheap when nothing is new.
  virtual void seen(const revision& at) { (void) at; }
};

} // namespace faas
