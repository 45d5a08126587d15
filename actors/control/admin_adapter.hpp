// The admin port over the actors of a node.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/log_book.hpp"
#include "actors/routing/route_stats.hpp"
#include "actors/system/census.hpp"
#include "libfaas/ports/admin_port.hpp"

#include <atomic>
#include <optional>

namespace faas::actors {

struct admin_deps {
  std::optional<controller_actor> controller;
  membership_actor membership;
  predictor_actor predictor;
  log_book* logs = nullptr;
  stats_book* stats = nullptr;
  census* counters = nullptr;
  const std::atomic<bool>* settled = nullptr; ///< assignments reached
};

/// Each call is one message; answers come from the actors.
class admin_adapter final : public admin_port {
public:
  explicit admin_adapter(admin_deps deps) : deps_(std::move(deps)) {}

  void deploy(deploy_command command, reply_to<command_outcome> done) override;
  void remove(remove_command command, reply_to<command_outcome> done) override;
  void rollback(rollback_command command,
                reply_to<command_outcome> done) override;
  void traffic(traffic_command command,
               reply_to<command_outcome> done) override;
  void alias(alias_command command, reply_to<command_outcome> done) override;
  void rollout(rollout_command command,
               reply_to<command_outcome> done) override;
  void scale(scale_command command, reply_to<command_outcome> done) override;
  void put_secret(put_secret_command command,
                  reply_to<secret_outcome> done) override;
  void remove_secret(remove_secret_command command,
                     reply_to<secret_outcome> done) override;
  void secrets(reply_to<std::vector<secret_status>> done) override;
  void copy_registry(std::shared_ptr<const secret_sealer> seal,
                     reply_to<registry_copy> done) override;
  void replace_registry(replace_registry_command command,
                        reply_to<replace_registry_outcome> done) override;
  void versions(function_name name,
                reply_to<std::vector<version_status>> done) override;
  void list(reply_to<std::vector<function_status>> done) override;
  void describe(function_name name, reply_to<function_status> done) override;
  void nodes(reply_to<std::vector<node_status>> done) override;
  void steer_node(node_command command, reply_to<node_standing> done) override;
  void sites(function_name name, double size,
             reply_to<std::vector<site_status>> done) override;
  void actors(reply_to<std::vector<actor_status>> done) override;
  void logs(log_query query, reply_to<std::vector<log_line>> done) override;
  void decisions_elsewhere(call_id id, reply_to<told_decisions> done) override;
  void bundles(bundles_command command, reply_to<bundles_status> done) override;
  readiness ready() const override;

private:
  template <class Call, class T>
  void to_controller(Call call, const reply_to<T>& done);

  admin_deps deps_;
};

} // namespace faas::actors
