// Where control messages from other nodes go: controller, agent or keeper.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/link/decision_desk.hpp"
#include "actors/link/leader_book.hpp"
#include "actors/link/view_messages.hpp"
#include "actors/log_book.hpp"
#include "actors/system/census.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace faas::actors {

struct control_targets {
  census* counters = nullptr;
  agent_actor agent;
  keeper_actor keeper;
  vault_actor vault; ///< null: this node has no secrets
  std::optional<controller_actor> controller; ///< when this node has it
  /// Other nodes have one, too; one of them leads.
  bool shares_lead = false;
  predictor_actor predictor; ///< null: nobody learns here
  std::function<void(std::string)> log;
  /// The nodes of the cluster, as the controller sees them.
  std::function<void(const std::vector<node_record>&)> nodes = {};
  /// What functions wrote here; null: nobody is told.
  const log_book* logs = nullptr;
  /// What this node's loops decided; null: nobody is told.
  decision_desk* decisions = nullptr;
};

/// Asks another controller to get a bundle and keep it; the payload is its
/// digest in hex. Answered once it is there.
inline constexpr const char* keep_bundle_kind = "keep-bundle";
wire::admin_request keep_request(uint64_t id, const digest& bundle);

/// Tells a node where the controllers are, one "host:port" a line; not
/// answered. A standby gives no assignments, which say it otherwise.
inline constexpr const char* controllers_kind = "controllers";
wire::admin_request controllers_notice(const std::vector<std::string>& at);

/// Asks another router for what it has learned; any node is answered. The id is
/// that of no other question.
inline constexpr const char* estimates_kind = "estimates";
inline constexpr uint64_t estimates_id = uint64_t{1} << 62;
wire::admin_request estimates_request();

/// Asks another node how slow its CPU is; the answer is that factor, in text.
/// Any node is answered, but for one that runs events or is of an older release.
inline constexpr const char* cpu_kind = "cpu";
inline constexpr uint64_t cpu_id = estimates_id + 1;
wire::admin_request cpu_request();

/// Part of membership; its thread only.
class control_router {
public:
  /// Sends a message back to the node that something came from.
  using answer = std::function<void(wire::message)>;

  explicit control_router(control_targets to) : to_(std::move(to)) {}

  /// `controller`: the sender has proved to be one.
  void route(const node_name& from, bool controller, const wire::message& what,
             const answer& back);
  /// No link to that node is left.
  void forget(const node_name& node) { assemblers_.erase(node); }

  leader_book& leaders() noexcept { return leaders_; }
  /// Gets what assignments say of the controllers' addresses.
  std::function<void(const std::vector<std::string>&)> learned;
  /// Gets answers to what this node asked.
  std::function<void(const node_name&, const wire::admin_reply&)> answered;

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
  void handle(const node_name& from, const wire::loads& seen, const answer&);
  void handle(const node_name& from, const wire::secret_request& request,
              const answer& back);
  void handle(const node_name& from, const wire::secret_value& value,
              const answer&);
  void handle(const node_name& from, const wire::bundle_request& request,
              const answer& back);
  void handle(const node_name& from, const wire::bundle_chunk& chunk,
              const answer&);
  void handle(const node_name& from, const wire::admin_request& request,
              const answer& back);
  void handle(const node_name& from, const wire::admin_reply& reply,
              const answer&);
  void give_decisions(const wire::admin_request& request, const call_id& of,
                      const answer& back);
  void give_estimates(const wire::admin_request& request, const answer& back);
  void give_cpu(const wire::admin_request& request, const answer& back);
  void take_estimates(const node_name& from, const wire::admin_reply& reply);
  void take_cpu(const node_name& from, const wire::admin_reply& reply);
  void keep_bundles(const cluster_view& view);
  void need(const digest& bundle, std::function<void(const error*)> done);

  bool takes_assignments() const noexcept {
    return from_controller_ && (!to_.controller || to_.shares_lead);
  }

  control_targets to_;
  leader_book leaders_;
  std::map<node_name, view_assembler> assemblers_; ///< by controller
  /// What runs somewhere: 0 on its way, 1 here, 2 not to be had.
  std::map<digest, std::shared_ptr<std::atomic<int>>> kept_;
  bool from_controller_ = false; ///< of the message being routed
};

} // namespace faas::actors
