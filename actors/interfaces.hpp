// Every actor interface of a node, handler by handler. Messages that never
// leave the node are shared pointers to plain data; the one message that does
// is wire_frame.
#pragma once

#include "actors/control/controller_core.hpp"
#include "actors/routing/board.hpp"
#include "actors/routing/port_book.hpp"
#include "libfaas/ports/bundle_store.hpp"
#include "libfaas/wire/messages.hpp"

#include <caf/fwd.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include <memory>
#include <optional>
#include <string>

namespace faas::actors {

/// Bytes of one frame between links; their content is libfaas/wire.
struct wire_frame {
  std::string bytes;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, wire_frame& frame) {
  return f(caf::meta::type_name("faas.wire_frame"), frame.bytes);
}

/// Answers an admin call exactly once: dropped unanswered, it says that the
/// node could not.
template <class T>
class once {
public:
  once() = default;
  explicit once(reply_to<T> to) : state_(std::make_shared<state>()) {
    state_->to = std::move(to);
  }
  void operator()(result<T> value) const {
    if (auto to = std::exchange(state_->to, nullptr))
      to(std::move(value));
  }

private:
  struct state {
    reply_to<T> to;
    ~state() {
      if (to)
        to(error{errc::unavailable, "the call was dropped by its actor",
                 "repeat it; see the node's log"});
    }
  };
  std::shared_ptr<state> state_;
};

/// A local message: shared, immutable.
template <class T>
using local = std::shared_ptr<const T>;
template <class T>
local<std::decay_t<T>> make_local(T&& value) {
  return std::make_shared<const std::decay_t<T>>(std::forward<T>(value));
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
struct list_call {
  once<std::vector<function_status>> done;
};
struct describe_call {
  function_name function;
  once<function_status> done;
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

using controller_actor = caf::typed_actor<
  // Commits a new version, answers, then sends the new view to all nodes.
  caf::reacts_to<local<deploy_call>>,
  // Likewise for a removal.
  caf::reacts_to<local<remove_call>>,
  caf::reacts_to<local<list_call>>,
  caf::reacts_to<local<describe_call>>,
  // From membership.
  caf::reacts_to<local<node_changed>>,
  // From agents.
  caf::reacts_to<local<node_placements>>>;

// -- agent and function actor -------------------------------------------------

/// A function actor's word to its agent.
struct placement_changed {
  placement now;
  std::shared_ptr<function_host> host; ///< while ready
};
/// Links that exist now, for routing.
struct peers_changed {
  std::vector<std::shared_ptr<peer>> peers;
};

using agent_actor = caf::typed_actor<
  // Desired state of the cluster: makes this node match its part of it.
  caf::reacts_to<local<cluster_view>>,
  caf::reacts_to<local<placement_changed>>,
  caf::reacts_to<local<peers_changed>>>;

/// The bundle is here, unpacked; or why not.
struct bundle_ready {
  result<std::filesystem::path> folder;
};
/// The host's module was loaded, or why not.
struct host_loaded {
  std::optional<error> failure;
};
struct host_quarantined {
  std::string reason;
};

using function_actor = caf::typed_actor<
  caf::reacts_to<local<bundle_ready>>,
  caf::reacts_to<local<host_loaded>>,
  caf::reacts_to<local<host_quarantined>>,
  // Time to try again after a failure that may pass.
  caf::reacts_to<caf::tick_atom>,
  // Drain, then end.
  caf::reacts_to<caf::close_atom>>;

// -- keeper: bundles, blocking ------------------------------------------------

struct need_bundle {
  digest bundle;
  std::function<void(result<std::filesystem::path>)> done;
};
struct chunk_arrived {
  wire::bundle_chunk chunk;
};
/// A peer wants part of a bundle.
struct chunk_wanted {
  wire::bundle_request request;
  std::function<void(wire::bundle_chunk)> answer;
};
/// Whom to ask for bundles that are not here (null: nobody).
struct bundle_source {
  std::function<bool(wire::bundle_request)> ask;
};

using keeper_actor = caf::typed_actor<
  caf::reacts_to<local<need_bundle>>,
  caf::reacts_to<local<chunk_arrived>>,
  caf::reacts_to<local<chunk_wanted>>,
  caf::reacts_to<local<bundle_source>>,
  // Gives up or repeats requests that got no answer.
  caf::reacts_to<caf::tick_atom>>;

// -- predictor ----------------------------------------------------------------

/// Structure without estimates: the predictor adds the cells and publishes.
struct structure {
  struct site {
    site_name name;
    node_name node;
    std::string tier;
    double servers = 1;
    std::shared_ptr<peer> via;
  };
  struct function {
    version_ref version;
    function_spec spec;
    std::vector<route_target> targets; ///< without index and cell
    /// Trial-run points by site.
    std::map<site_name, std::vector<profile_point>> profiles;
    std::string why_empty;
  };
  std::vector<site> sites;
  std::vector<function> functions;
  std::map<version_ref, std::shared_ptr<function_host>> hosts;
};
struct ping_seen {
  node_name node;
  double rtt_ms = 0;
};
/// A calibrated task took `slowdown` times its normal time on the site.
struct probe_seen {
  site_name site;
  double slowdown = 1;
};
struct sites_call {
  function_name function;
  double size = 0;
  once<std::vector<site_status>> done;
};

using predictor_actor = caf::typed_actor<
  caf::reacts_to<local<structure>>,
  caf::reacts_to<local<loop_report>>,
  caf::reacts_to<local<ping_seen>>,
  caf::reacts_to<local<probe_seen>>,
  caf::reacts_to<local<sites_call>>,
  caf::reacts_to<caf::tick_atom>>;

// -- links and membership -----------------------------------------------------

/// A turn's events of one loop, for the peer.
struct outgoing_events {
  std::vector<link_event> events;
};
struct outgoing_control {
  wire::message what;
};

using link_actor = caf::typed_actor<
  // From the peer's link.
  caf::reacts_to<wire_frame>,
  caf::reacts_to<std::shared_ptr<outgoing_events>>,
  caf::reacts_to<local<outgoing_control>>,
  // Answers wait in the link's inbox.
  caf::reacts_to<caf::flush_atom>,
  caf::reacts_to<caf::tick_atom>,
  // Say goodbye, fail what is in flight, end.
  caf::reacts_to<caf::close_atom>>;

/// A link got through its handshake, fell suspect, came back or ended.
struct link_changed {
  uint64_t link = 0; ///< number given at spawn
  enum class what : uint8_t { up, suspect, alive, down } now{};
  wire::hello peer;
  std::shared_ptr<faas::actors::peer> gate;
  std::string reason;
};
struct control_arrived {
  node_name from;
  wire::message what;
};
struct nodes_call {
  once<std::vector<node_status>> done;
};
/// The controller's view, to be sent to every connected node.
struct spread_view {
  local<cluster_view> view;
};
/// This node's placements, to be sent to the controller's node.
struct spread_placements {
  local<node_placements> placements;
};

using membership_actor = caf::typed_actor<
  // First frame of a peer that dialled us: a link is made for it.
  caf::reacts_to<wire_frame>,
  caf::reacts_to<local<link_changed>>,
  caf::reacts_to<local<control_arrived>>,
  caf::reacts_to<local<nodes_call>>,
  caf::reacts_to<local<spread_view>>,
  caf::reacts_to<local<spread_placements>>,
  // Time to dial.
  caf::reacts_to<caf::tick_atom>,
  caf::reacts_to<caf::close_atom>>;

} // namespace faas::actors

CAF_BEGIN_TYPE_ID_BLOCK(petrel, caf::first_custom_type_id)
  CAF_ADD_TYPE_ID(petrel, (faas::actors::wire_frame))
CAF_END_TYPE_ID_BLOCK(petrel)

// Local only: shared pointers cannot cross a node.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::deploy_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::remove_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::list_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::describe_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::node_changed>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::node_placements>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::cluster_view>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::placement_changed>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::peers_changed>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::bundle_ready>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::host_loaded>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::host_quarantined>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::need_bundle>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::chunk_arrived>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::chunk_wanted>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::bundle_source>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::structure>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::loop_report>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::ping_seen>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::probe_seen>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::sites_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<faas::actors::outgoing_events>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::outgoing_control>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::link_changed>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::control_arrived>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::nodes_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::spread_view>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::spread_placements>)
