// What actors of a node tell each other. Messages that never leave the node are
// shared pointers to plain data; the one message that does is wire_frame.
#pragma once

#include "actors/bundle_messages.hpp"
#include "actors/control/controller_core.hpp"
#include "actors/predictor_messages.hpp"
#include "actors/routing/board.hpp"
#include "actors/routing/port_book.hpp"
#include "libfaas/ports/decision_book.hpp"
#include "libfaas/ports/lease.hpp"
#include "libfaas/ports/peer_links.hpp"
#include "libfaas/wire/messages.hpp"

#include <caf/meta/type_name.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace faas::actors {

class pending_host;

/// Bytes of one frame between links; their content is libfaas/wire.
struct wire_frame {
  std::string bytes;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, wire_frame& frame) {
  return f(caf::meta::type_name("faas.wire_frame"), frame.bytes);
}

// -- controller ---------------------------------------------------------------

struct deploy_call {
  deploy_command command;
  once<command_outcome> done;
};
struct remove_call {
  remove_command command;
  once<command_outcome> done;
};
struct rollback_call {
  rollback_command command;
  once<command_outcome> done;
};
struct traffic_call {
  traffic_command command;
  once<command_outcome> done;
};
struct alias_call {
  alias_command command;
  once<command_outcome> done;
};
struct rollout_call {
  rollout_command command;
  once<command_outcome> done;
};
struct scale_call {
  scale_command command;
  once<command_outcome> done;
};
struct versions_call {
  function_name function;
  once<std::vector<version_status>> done;
};
struct list_call {
  once<std::vector<function_status>> done;
};
struct describe_call {
  function_name function;
  once<function_status> done;
};
struct node_call {
  node_command command;
  once<node_standing> done;
};
/// A node joined, changed, or left (record.connected).
struct node_changed {
  node_record record;
};
/// Everything that one node runs now.
struct node_placements {
  node_name node;
  std::vector<placement> placements;
};

/// Who leads has changed.
struct leader_changed {
  leader_news now;
};

/// The other controllers have the bundle of this deployment, or do not answer.
struct bundle_shared {
  local<deploy_call> call;
};

/// How events of versions that rollouts compare went, as loops saw it.
struct rollout_evidence {
  wire::evidence seen;
};

/// How busy versions are on that node.
struct node_loads {
  node_name node;
  wire::loads seen;
};

// -- agent and function actor -------------------------------------------------

/// A function actor's word to its agent.
struct placement_changed {
  placement now;
  std::shared_ptr<function_host> host; ///< while ready
  /// Before it is ready for the first time: where events may wait for it, how
  /// far its bundle is, and since when it is being loaded.
  std::shared_ptr<pending_host> pending = {};
  std::shared_ptr<const pull_progress> pull = {};
  std::optional<time_point> loading_since = {};
};
/// Links that exist now, for routing.
struct peers_changed {
  std::vector<std::shared_ptr<peer>> peers;
};

/// The bundle is here, unpacked; or why not.
struct bundle_ready {
  result<std::filesystem::path> folder;
};
/// The host's module was loaded, or why not.
struct host_loaded {
  uint64_t host = 0; ///< counts the hosts of the version
  std::optional<error> failure;
};
struct host_quarantined {
  uint64_t host = 0;
  std::string reason;
};
/// Its facts are others than before; it serves on.
struct host_changed {
  uint64_t host = 0;
};
/// A host has ended.
struct host_closed {};
/// What is wanted of the version's instances from now on.
struct scale_moved {
  scale_order order;
};

// -- keeper: bundles see bundle_messages.hpp ----------------------------------

/// What this node goes by from now on, to be made durable before any bundle
/// that is asked for after it.
struct keep_replica {
  std::shared_ptr<const cluster_view> view;
  std::set<function_name> kept; ///< see view_follower
};

// -- links and membership -----------------------------------------------------

/// A turn's events of one loop, for the peer.
struct outgoing_events {
  outgoing_events() = default;
  outgoing_events(const outgoing_events&) = delete;
  outgoing_events& operator=(const outgoing_events&) = delete;
  /// A link that ends drops its mail: nothing of these events was sent, so they
  /// may go elsewhere.
  ~outgoing_events() {
    for (auto& event : events)
      event.done(reply::failure(
        {errc::unavailable, "the link ended before the event was sent",
         "see faas-cli nodes"}));
  }
  std::vector<link_event> events;
};
struct outgoing_control {
  wire::message what;
  bool may_be_lost = false; ///< rather than end a link that is full
};
/// A loop asks how busy a version is at the peer.
struct outgoing_probe {
  version_ref version;
  std::function<void(const host_probe&)> answered;
};
/// Another connection to the same process takes the place of this link: take no
/// new events, answer what is under way, then end.
struct link_replaced {};

/// A link got through its handshake, fell suspect, came back or ended.
struct link_changed {
  uint64_t link = 0; ///< number given at spawn
  enum class what : uint8_t { up, suspect, alive, down } now{};
  wire::hello peer;
  std::shared_ptr<faas::actors::peer> gate;
  std::string reason;
  uint32_t protocol = 0; ///< agreed on; up
};
/// A connection to a node that this one dialled, or why there is none.
struct peer_opened {
  size_t dial = 0; ///< index in join
  result<peer_links::opened> connection;
};
struct control_arrived {
  uint64_t link = 0; ///< number given at spawn
  node_name from;
  wire::message what;
};
struct nodes_call {
  once<std::vector<node_status>> done;
};
/// Lines of this node, to which those of others are to be added.
struct logs_call {
  log_query query;
  std::vector<log_line> own;
  once<std::vector<log_line>> done;
};
/// Attempts at that event, asked of other nodes.
struct decisions_call {
  call_id id;
  once<told_decisions> done;
};
/// The controller's view, to be sent to every connected node.
struct spread_view {
  local<cluster_view> view;
};
/// Other controllers shall keep that bundle; `done` comes when those that are
/// connected have it, or after 10 s. Must not block.
struct share_bundle {
  digest bundle;
  std::function<void()> done;
};
/// What this node's loops saw, to be sent to the controller's node.
struct spread_evidence {
  wire::evidence seen;
};
/// How busy versions are here, to be sent to the controller's node.
struct spread_loads {
  wire::loads seen;
};
/// This node's placements, to be sent to the controller's node.
struct spread_placements {
  local<node_placements> placements;
};

} // namespace faas::actors
