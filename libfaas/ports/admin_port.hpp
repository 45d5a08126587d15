// The seam for management: desired-state commands and queries.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"
#include "libfaas/manifest/function_spec.hpp"
#include "libfaas/ports/bundle_admin.hpp"
#include "libfaas/ports/node_book.hpp"
#include "libfaas/ports/revision.hpp"
#include "libfaas/ports/secret_commands.hpp"
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

/// One version that is kept, for people.
struct version_status {
  uint32_t number = 0;
  digest bundle;
  wall_time created;
  std::string by;
  bool current = false;
};

/// Life of one function version on one node.
enum class instance_state : uint8_t {
  pending,   ///< assigned, bundle not here yet
  pulling,
  loading,   ///< library or model being loaded and warmed up
  ready,
  draining,  ///< no new events
  failed,    ///< will not serve; reason says why
  quarantined
};
std::string_view name(instance_state state) noexcept;

/// One function version on one node, as its agent reports it.
struct placement_status {
  node_name node;
  uint32_t version = 0;
  instance_state state = instance_state::pending;
  std::string reason;    ///< why failed, quarantined, or not a candidate
  uint32_t slots = 0;    ///< instances
  uint32_t running = 0;
  uint32_t waiting = 0;
  string_map facts;      ///< runtime's facts, load time
};

/// A rollout for people.
struct rollout_status {
  rollout_record record;
  uint64_t compared = 0; ///< events of the new version that were compared
};

struct function_status {
  function_spec spec;
  digest bundle;
  uint32_t version = 0; ///< current
  wall_time created;
  uint64_t invocations = 0;
  std::vector<placement_status> placements;
  alias_map aliases;
  traffic_weights shares; ///< of the events, now
  std::optional<rollout_status> rollout; ///< under way, or the last one
  /// What was asked for by request, at most the current version's concurrency.
  std::optional<uint32_t> least;
  /// Where the controller has it held in memory, and why; mostly empty.
  std::string held;
  /// Placements of the current version that serve or will serve; asked for by
  /// request: the instances that they shall have at least.
  uint32_t replicas() const noexcept;
  /// Placements of the current version that are ready; asked for by request:
  /// the instances that they have.
  uint32_t available() const noexcept;
};

enum class node_state : uint8_t { alive, suspect, lost };
std::string_view name(node_state state) noexcept;

struct node_status {
  node_name name;
  std::string tier;
  std::string address;
  node_state state = node_state::alive;
  bool controller = false; ///< it leads
  bool standby = false;    ///< it could, but another does
  bool self = false;
  uint32_t cores = 0;
  string_map labels;
  std::string version;   ///< software
  std::string boot;
  double rtt_ms = 0;     ///< to the node that answers; 0 for itself
  uint64_t in_flight = 0;
  node_duty duty = node_duty::active;
  std::string note;      ///< what a person should know of it; mostly empty
  uint32_t protocol = 0; ///< spoken with the node that answers
};

/// What the predictor believes of one site for one function. All in ms.
struct site_status {
  site_name site;
  std::string tier;
  bool candidate = false;
  std::string why_not; ///< when not a candidate
  double size = 0;     ///< n for which the parts below are predicted
  double network_ms = 0, queue_ms = 0, service_ms = 0, cold_ms = 0;
  double total_ms = 0, stddev_ms = 0;
  std::optional<double> ready_in_ms; ///< it is still being brought there
  double slowdown = 1; ///< learned factor over the profile
  double error_ms = 0, unexplained_ms = 0; ///< recent, see routing::accuracy
  uint64_t chosen = 0, completed = 0, failed = 0, in_flight = 0;
  bool best = false, runner_up = false;
};

struct actor_status {
  std::string kind; ///< "agent", "lane", ...
  uint64_t alive = 0, mailbox = 0, messages = 0, restarts = 0;
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
