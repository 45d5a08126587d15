// Where control messages from other nodes go: controller, agent or keeper.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/link/view_messages.hpp"
#include "actors/system/census.hpp"

#include <functional>
#include <optional>
#include <string>

namespace faas::actors {

struct control_targets {
  census* counters = nullptr;
  agent_actor agent;
  keeper_actor keeper;
  vault_actor vault; ///< null: this node has no secrets
  std::optional<controller_actor> controller; ///< when this node has it
  std::function<void(std::string)> log;
  /// The nodes of the cluster, as the controller sees them.
  std::function<void(const std::vector<node_record>&)> nodes = {};
};

/// Part of membership; its thread only.
class control_router {
public:
  /// Sends a message back to the node that something came from.
  using answer = std::function<void(wire::message)>;

  explicit control_router(control_targets to) : to_(std::move(to)) {}

  void route(const node_name& from, const wire::message& what,
             const answer& back);

private:
  template <class Other>
  void handle(const node_name&, const Other&, const answer&) {
    // the link's own business
  }
  void handle(const node_name& from, const wire::goodbye& bye, const answer&);
  void handle(const node_name& from, const wire::node_report& nodes,
              const answer&);
  void handle(const node_name& from, const wire::placement_report& report,
              const answer&);
  void handle(const node_name& from, const wire::assignments& assigned,
              const answer&);
  void handle(const node_name& from, const wire::evidence& seen,
              const answer&);
  void handle(const node_name& from, const wire::secret_request& request,
              const answer& back);
  void handle(const node_name& from, const wire::secret_value& value,
              const answer&);
  void handle(const node_name& from, const wire::bundle_request& request,
              const answer& back);
  void handle(const node_name& from, const wire::bundle_chunk& chunk,
              const answer&);

  control_targets to_;
  view_assembler assembler_;
};

} // namespace faas::actors
