#include "actors/control/admin_adapter.hpp"

#include "libfaas/ports/decision_book.hpp"

#include <caf/send.hpp>

namespace faas::actors {

template <class Call, class T>
void admin_adapter::to_controller(Call call, const reply_to<T>& done) {
  if (!deps_.controller) {
    done(error{errc::unavailable,
               "this node has no controller, so it takes no management calls",
               "use the gateway of the node that faas-cli nodes shows as "
               "controller"});
    return;
  }
  deps_.counters->of(actor_kind::controller).count_sent();
  caf::anon_send(*deps_.controller, make_local(std::move(call)));
}

void admin_adapter::deploy(deploy_command command,
                           reply_to<command_outcome> done) {
  to_controller(deploy_call{std::move(command), once{done}}, done);
}

void admin_adapter::remove(remove_command command,
                           reply_to<command_outcome> done) {
  to_controller(remove_call{std::move(command), once{done}}, done);
}

void admin_adapter::rollback(rollback_command command,
                             reply_to<command_outcome> done) {
  to_controller(rollback_call{std::move(command), once{done}}, done);
}

void admin_adapter::traffic(traffic_command command,
                            reply_to<command_outcome> done) {
  to_controller(traffic_call{std::move(command), once{done}}, done);
}

void admin_adapter::alias(alias_command command,
                          reply_to<command_outcome> done) {
  to_controller(alias_call{std::move(command), once{done}}, done);
}

void admin_adapter::rollout(rollout_command command,
                            reply_to<command_outcome> done) {
  to_controller(rollout_call{std::move(command), once{done}}, done);
}

void admin_adapter::scale(scale_command command,
                          reply_to<command_outcome> done) {
  to_controller(scale_call{std::move(command), once{done}}, done);
}

void admin_adapter::put_secret(put_secret_command command,
                               reply_to<secret_outcome> done) {
  to_controller(put_secret_call{std::move(command), once{done}}, done);
}

void admin_adapter::remove_secret(remove_secret_command command,
                                  reply_to<secret_outcome> done) {
  to_controller(remove_secret_call{std::move(command), once{done}}, done);
}

void admin_adapter::secrets(reply_to<std::vector<secret_status>> done) {
  to_controller(secrets_call{once{done}}, done);
}

void admin_adapter::copy_registry(std::shared_ptr<const secret_sealer> seal,
                                  reply_to<registry_copy> done) {
  to_controller(copy_registry_call{std::move(seal), once{done}}, done);
}

void admin_adapter::replace_registry(replace_registry_command command,
                                     reply_to<replace_registry_outcome> done) {
  to_controller(replace_registry_call{std::move(command), once{done}}, done);
}

void admin_adapter::versions(function_name name,
                             reply_to<std::vector<version_status>> done) {
  to_controller(versions_call{std::move(name), once{done}}, done);
}

void admin_adapter::list(reply_to<std::vector<function_status>> done) {
  auto counted = [stats = deps_.stats,
                  done](result<std::vector<function_status>> all) {
    if (all)
      for (auto& status : *all)
        status.invocations = stats->invocations(status.spec.name);
    done(std::move(all));
  };
  to_controller(list_call{once<std::vector<function_status>>{counted}}, done);
}

void admin_adapter::describe(function_name name,
                             reply_to<function_status> done) {
  auto counted = [stats = deps_.stats, done](result<function_status> one) {
    if (one)
      one->invocations = stats->invocations(one->spec.name);
    done(std::move(one));
  };
  to_controller(describe_call{std::move(name), once<function_status>{counted}},
                done);
}

void admin_adapter::nodes(reply_to<std::vector<node_status>> done) {
  deps_.counters->of(actor_kind::membership).count_sent();
  caf::anon_send(deps_.membership, make_local(nodes_call{once{done}}));
}

void admin_adapter::steer_node(node_command command,
                               reply_to<node_standing> done) {
  to_controller(node_call{std::move(command), once{done}}, done);
}

void admin_adapter::sites(function_name name, double size,
                          reply_to<std::vector<site_status>> done) {
  deps_.counters->of(actor_kind::predictor).count_sent();
  caf::anon_send(deps_.predictor,
                 make_local(sites_call{std::move(name), size, once{done}}));
}

void admin_adapter::actors(reply_to<std::vector<actor_status>> done) {
  done(deps_.counters->snapshot());
}

void admin_adapter::logs(log_query query,
                         reply_to<std::vector<log_line>> done) {
  auto own = deps_.logs->query(query);
  if (!deps_.controller) // others would not answer
    return done(std::move(own));
  deps_.counters->of(actor_kind::membership).count_sent();
  caf::anon_send(deps_.membership, make_local(logs_call{std::move(query),
                                                        std::move(own),
                                                        once{done}}));
}

void admin_adapter::decisions_elsewhere(call_id id,
                                        reply_to<told_decisions> done) {
  if (!deps_.controller) // others would not answer
    return done(told_decisions{});
  deps_.counters->of(actor_kind::membership).count_sent();
  caf::anon_send(deps_.membership, make_local(decisions_call{id, once{done}}));
}

void admin_adapter::bundles(bundles_command command,
                            reply_to<bundles_status> done) {
  to_controller(bundles_call{command, once{done}}, done);
}

readiness admin_adapter::ready() const {
  readiness now;
  if (!deps_.settled->load(std::memory_order_acquire))
    now.reasons.push_back("functions are still being loaded");
  return now;
}

} // namespace faas::actors
