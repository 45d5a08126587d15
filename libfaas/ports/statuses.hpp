// What management queries tell of functions, nodes and sites.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"
#include "libfaas/manifest/function_spec.hpp"
#include "libfaas/ports/node_book.hpp"
#include "libfaas/ports/revision.hpp"
#include "libfaas/ports/traffic.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace faas {

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
  uint32_t executors = 0; ///< threads that run functions; 0: it does not say
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
  double imposed_ms = 0; ///< later events wait so long for it; not in the total
  double request_bytes = 0, reply_bytes = 0; ///< for which it is predicted
  std::optional<double> ready_in_ms; ///< it is still being brought there
  double slowdown = 1; ///< learned factor over the profile
  double servers = 1;  ///< of its events that run there at once
  bool shared = false; ///< ... and other functions' events wait for them, too
  double error_ms = 0, unexplained_ms = 0; ///< recent, see routing::accuracy
  uint64_t chosen = 0, completed = 0, failed = 0, in_flight = 0;
  /// What the policy would choose for such an event without exploring, and what
  /// without that site. Neither is set anywhere where it would refuse the event.
  bool best = false, runner_up = false;
  std::string policy; ///< the function's
  /// False: the policy goes by more than predictions, and best has the least
  /// total and imposed.
  bool foretold = true;
};

struct actor_status {
  std::string kind; ///< "agent", "lane", ...
  uint64_t alive = 0, mailbox = 0, messages = 0, restarts = 0;
};

} // namespace faas
