#include "actors/link/control_router.hpp"

#include <caf/send.hpp>

namespace faas::actors {

void control_router::route(const node_name& from, const wire::message& what,
                           const answer& back) {
  std::visit([&](const auto& one) { handle(from, one, back); }, what);
}

void control_router::handle(const node_name& from, const wire::goodbye& bye,
                            const answer&) {
  to_.log("node " + from.str() + " leaves: " + bye.reason);
}

void control_router::handle(const node_name&, const wire::node_report& nodes,
                            const answer&) {
  assembler_.take(nodes);
}

void control_router::handle(const node_name& from,
                            const wire::placement_report& report,
                            const answer&) {
  if (!to_.controller) {
    assembler_.take(report);
    return;
  }
  if (report.node != from)
    return; // a node speaks for itself only
  to_.counters->of(actor_kind::controller).count_sent();
  caf::anon_send(*to_.controller,
                 make_local(node_placements{from, from_report(report)}));
}

void control_router::handle(const node_name& from,
                            const wire::assignments& assigned, const answer&) {
  if (to_.controller)
    return; // only the controller gives assignments
  auto view = assembler_.take(assigned);
  if (!view) {
    to_.log("assignments from " + from.str()
            + " are unusable: " + view.error().to_string());
    return;
  }
  if (to_.nodes)
    to_.nodes(view->nodes);
  to_.counters->of(actor_kind::agent).count_sent();
  caf::anon_send(to_.agent, make_local(std::move(*view)));
}

void control_router::handle(const node_name&, const wire::evidence& seen,
                            const answer&) {
  if (!to_.controller)
    return;
  to_.counters->of(actor_kind::controller).count_sent();
  caf::anon_send(*to_.controller, make_local(rollout_evidence{seen}));
}

void control_router::handle(const node_name& from,
                            const wire::secret_request& request,
                            const answer& back) {
  if (!to_.controller)
    return; // only the controller has secrets
  to_.counters->of(actor_kind::controller).count_sent();
  caf::anon_send(*to_.controller,
                 make_local(secret_wanted{from, request.name, back}));
}

void control_router::handle(const node_name& from,
                            const wire::secret_value& value, const answer&) {
  if (!to_.vault)
    return;
  to_.counters->of(actor_kind::vault).count_sent();
  caf::anon_send(to_.vault, make_local(secret_arrived{from, value}));
}

void control_router::handle(const node_name&,
                            const wire::bundle_request& request,
                            const answer& back) {
  to_.counters->of(actor_kind::keeper).count_sent();
  caf::anon_send(to_.keeper, make_local(chunk_wanted{request, back}));
}

void control_router::handle(const node_name& from,
                            const wire::bundle_chunk& chunk, const answer&) {
  to_.counters->of(actor_kind::keeper).count_sent();
  caf::anon_send(to_.keeper, make_local(chunk_arrived{from, chunk}));
}

} // namespace faas::actors
