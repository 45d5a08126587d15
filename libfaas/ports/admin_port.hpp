// The seam for management: desired-state commands and queries.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"
#include "libfaas/manifest/function_spec.hpp"
#include "libfaas/ports/bundle_admin.hpp"
#include "libfaas/ports/node_book.hpp"
#include "libfaas/ports/revision.hpp"
#include "libfaas/ports/secret_commands.hpp"
#include "libfaas/ports/statuses.hpp"
#include "libfaas/ports/traffic.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace faas {

struct told_decisions;

/// Creates a function or a new version of it.
struct deploy_command {
  request_id id;
  function_spec spec;
  digest bundle;
  enum class condition : uint8_t { none, must_exist, must_not_exist };
  condition when = condition::none;
  std::string by; ///< who, for the record
};

struct remove_command {
  request_id id;
  function_name function;
  std::string by;
};

/// Gives the traffic back to a version that is kept. One revision; nothing is
/// copied, so the version keeps its number.
struct rollback_command {
  request_id id;
  function_name function;
  uint32_t version = 0; ///< 0: the newest one before the current
  std::string by;
};

/// What a node shall do from now on; repeating it is harmless.
struct node_command {
  enum class what : uint8_t { cordon, uncordon, drain, remove };
  node_name node;
  what wanted = what::cordon;
  bool force = false; ///< remove: also one that still serves
};
/// "cordon", "uncordon", ...
std::string_view name(node_command::what wanted) noexcept;

/// Where a node stands with what is wanted of it.
struct node_standing {
  node_name node;
  node_duty duty = node_duty::active;
  bool removed = false;
  std::string note; ///< draining: what it waits for; may be empty
};

/// Outcome of a command, durable before it is given.
struct command_outcome {
  revision at;
  uint32_t version = 0;    ///< version made, removed or gone back to
  bool repeated = false;   ///< this request id was carried out before
  bool unchanged = false;  ///< the same spec and bundle were already current
};

struct log_line {
  wall_time at;
  function_name function;
  uint32_t version = 0;
  std::string instance; ///< node name
  std::string call;     ///< call id; empty outside a call
  std::string text;
  uint64_t sequence = 0; ///< per node, increasing
};

/// Up to which line of a node a follower has them. A node counts anew when it
/// starts again, so a later time is new as well.
struct log_mark {
  uint64_t sequence = 0;
  wall_time at{};
};

struct log_query {
  function_name function;
  int64_t tail = -1; ///< last lines; <= 0: all kept
  wall_time since{}; ///< for nodes without a mark
  std::map<std::string, log_mark> seen = {}; ///< by node; for following
  bool wants(const log_line& line) const;
};

struct registry_copy; // registry_copy.hpp
struct replace_registry_command;
struct replace_registry_outcome;
class secret_sealer;

/// Why a node is not ready; empty reasons = ready.
struct readiness {
  std::vector<std::string> reasons;
};

template <class T>
using reply_to = std::function<void(result<T>)>;

/// Management of the cluster, as seen from one node. Every call may be made on
/// any thread and returns at once; the callback comes exactly once, on any
/// thread, within a deadline (errc::unavailable when the controller cannot be
/// reached, with the reason).
class admin_port {
public:
  virtual ~admin_port() = default;
  virtual void deploy(deploy_command command,
                      reply_to<command_outcome> done) = 0;
  virtual void remove(remove_command command,
                      reply_to<command_outcome> done) = 0;
  virtual void rollback(rollback_command command,
                        reply_to<command_outcome> done) = 0;
  virtual void traffic(traffic_command command,
                       reply_to<command_outcome> done) = 0;
  virtual void alias(alias_command command, reply_to<command_outcome> done) = 0;
  virtual void rollout(rollout_command command,
                       reply_to<command_outcome> done) = 0;
  virtual void scale(scale_command command, reply_to<command_outcome> done) = 0;
  virtual void put_secret(put_secret_command command,
                          reply_to<secret_outcome> done) = 0;
  virtual void remove_secret(remove_secret_command command,
                             reply_to<secret_outcome> done) = 0;
  /// Names and dates; never a value.
  virtual void secrets(reply_to<std::vector<secret_status>> done) = 0;
  /// Everything durable at one moment. Secrets are sealed anew by `seal`; null:
  /// they are left out.
  virtual void copy_registry(std::shared_ptr<const secret_sealer> seal,
                             reply_to<registry_copy> done)
    = 0;
  /// Everything or nothing, in a new history. errc::conflict when something is
  /// here and may not go, errc::invalid_argument for a copy that check() refuses.
  virtual void replace_registry(replace_registry_command command,
                                reply_to<replace_registry_outcome> done)
    = 0;
  /// Newest first. errc::not_found when there is no such function.
  virtual void versions(function_name name,
                        reply_to<std::vector<version_status>> done) = 0;
  virtual void list(reply_to<std::vector<function_status>> done) = 0;
  /// errc::not_found when there is no such function.
  virtual void describe(function_name name, reply_to<function_status> done) = 0;
  virtual void nodes(reply_to<std::vector<node_status>> done) = 0;
  /// Durable before it is answered. errc::not_found; errc::conflict for a
  /// removal of a node that still serves (without force) or of the
  /// controller's own.
  virtual void steer_node(node_command command, reply_to<node_standing> done)
    = 0;
  /// Sites for an event of size n of that function, with their parts.
  virtual void sites(function_name name, double size,
                     reply_to<std::vector<site_status>> done) = 0;
  virtual void actors(reply_to<std::vector<actor_status>> done) = 0;
  virtual void logs(log_query query, reply_to<std::vector<log_line>> done) = 0;
  /// Attempts at that event as another node tells that took it; empty: none that
  /// is connected has any. Only the controller's node asks others.
  virtual void decisions_elsewhere(call_id id, reply_to<told_decisions> done)
    = 0;
  /// Bundles of the controller's node, and their collection.
  /// errc::storage_full when make_room cannot.
  virtual void bundles(bundles_command command,
                       reply_to<bundles_status> done) = 0;
  virtual readiness ready() const = 0; ///< at once, from memory
};

} // namespace faas
