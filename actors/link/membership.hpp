// The actor that knows the other nodes: dials them, takes their calls, and
// passes control messages on.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/link/decision_desk.hpp"
#include "actors/log_book.hpp"
#include "actors/system/census.hpp"
#include "libfaas/core/random.hpp"
#include "libfaas/ports/bulk_links.hpp"
#include "libfaas/ports/peer_links.hpp"
#include "libfaas/wire/link_types.hpp"

#include <caf/io/middleman_actor.hpp>

namespace faas::actors {

/// Where another node listens.
struct node_endpoint {
  std::string host;
  uint16_t port = 0;
  /// Of "host:port", which must be valid.
  static node_endpoint of(const std::string& text) {
    const auto colon = text.rfind(':');
    return {text.substr(0, colon),
            static_cast<uint16_t>(std::stoul(text.substr(colon + 1)))};
  }
  std::string text() const { return host + ":" + std::to_string(port); }
};

struct membership_config {
  wire::hello self;
  std::vector<node_endpoint> join; ///< nodes to dial and keep dialling
  wire::link_options options;
  routing_board* board = nullptr;
  census* counters = nullptr;
  const clock_source* clock = nullptr;
  uint64_t seed = 0;
  agent_actor agent;
  keeper_actor keeper;
  vault_actor vault; ///< null: this node has no secrets
  predictor_actor predictor;
  std::optional<controller_actor> controller; ///< when this node has it
  /// Other nodes have one, too; one of them leads.
  bool shares_lead = false;
  /// Encrypted connections, and CAF's transport over them. Null in simulations,
  /// which dial by CAF itself and believe what a peer says of itself.
  peer_links* links = nullptr;
  caf::io::middleman_actor transport;
  bulk_links* bulk = nullptr; ///< beside the links; null: none
  const log_book* logs = nullptr; ///< of this node, for controllers; null: none
  decision_desk* decisions = nullptr; ///< the same
  std::function<void(std::string)> log;
};

/// Publish it to take calls (middleman). A node that restarted replaces its
/// former link; two nodes of one name are refused.
membership_actor spawn_membership(caf::actor_system& system,
                                  membership_config config);

} // namespace faas::actors
