#include "actors/link/control_router.hpp"

#include "actors/link/bundle_shares.hpp"
#include "actors/link/decision_answers.hpp"
#include "actors/link/log_answers.hpp"
#include "libfaas/manifest/platform.hpp"

#include <caf/send.hpp>
#include <charconv>
#include <set>
#include <sstream>

namespace faas::actors {

wire::admin_request keep_request(uint64_t id, const digest& bundle) {
  wire::admin_request made;
  made.id = id;
  made.kind = keep_bundle_kind;
  made.payload = bundle.hex();
  made.remaining = bundle_shares::patience;
  return made;
}

wire::admin_request controllers_notice(const std::vector<std::string>& at) {
  wire::admin_request made;
  made.kind = controllers_kind;
  for (const auto& one : at)
    made.payload += one + "\n";
  return made;
}

namespace {

/// A question that is the same each time, to whichever node.
wire::admin_request question(uint64_t id, const char* kind,
                             duration patience) {
  wire::admin_request made;
  made.id = id;
  made.kind = kind;
  made.remaining = patience;
  return made;
}

} // namespace

wire::admin_request estimates_request() {
  return question(estimates_id, estimates_kind, std::chrono::seconds{10});
}

wire::admin_request cpu_request() {
  return question(cpu_id, cpu_kind, std::chrono::seconds{1});
}

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    all.push_back(line);
  return all;
}

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc{} || read.ptr != end)
    return std::nullopt;
  return value;
}

} // namespace

void control_router::route(const node_name& from, bool controller,
                           const wire::message& what, const answer& back) {
  from_controller_ = controller;
  std::visit([&](const auto& one) { handle(from, one, back); }, what);
}

void control_router::handle(const node_name& from, const wire::goodbye& bye,
                            const answer&) {
  to_.log("node " + from.str() + " leaves: " + bye.reason);
}

void control_router::handle(const node_name& from,
                            const wire::node_report& nodes, const answer&) {
  if (takes_assignments())
    assemblers_[from].take(nodes);
}

void control_router::handle(const node_name& from,
                            const wire::placement_report& report,
                            const answer&) {
  if (takes_assignments())
    assemblers_[from].take(report);
  if (!to_.controller || report.node != from)
    return; // a node speaks for itself only
  to_.counters->of(actor_kind::controller).count_sent();
  caf::anon_send(*to_.controller,
                 make_local(node_placements{from, from_report(report)}));
}

void control_router::handle(const node_name& from,
                            const wire::assignments& assigned, const answer&) {
  if (!takes_assignments())
    return;
  auto view = assemblers_[from].take(assigned);
  if (!view) {
    to_.log("assignments from " + from.str()
            + " are unusable: " + view.error().to_string());
    return;
  }
  if (!leaders_.take(assigned.term, from))
    return; // it led once, and does not know yet that it does no more
  if (to_.nodes)
    to_.nodes(view->nodes);
  if (learned)
    learned(assigned.controllers);
  const auto shared = make_local(std::move(*view));
  if (to_.controller) {
    keep_bundles(*shared);
    to_.counters->of(actor_kind::controller).count_sent();
    caf::anon_send(*to_.controller, shared);
  }
  to_.counters->of(actor_kind::agent).count_sent();
  caf::anon_send(to_.agent, shared);
}

void control_router::handle(const node_name&, const wire::evidence& seen,
                            const answer&) {
  if (!to_.controller)
    return;
  to_.counters->of(actor_kind::controller).count_sent();
  caf::anon_send(*to_.controller, make_local(rollout_evidence{seen}));
}

void control_router::handle(const node_name& from, const wire::loads& seen,
                            const answer&) {
  if (!to_.controller)
    return;
  to_.counters->of(actor_kind::controller).count_sent();
  caf::anon_send(*to_.controller, make_local(node_loads{from, seen}));
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

void control_router::need(const digest& bundle,
                          std::function<void(const error*)> done) {
  to_.counters->of(actor_kind::keeper).count_sent();
  caf::anon_send(to_.keeper,
                 make_local(need_bundle{
                   bundle, [done = std::move(done)](
                             const result<std::filesystem::path>& got) {
                     done(got ? nullptr : &got.error());
                   }}));
}

/// One that may lead later must be able to give out what runs.
void control_router::keep_bundles(const cluster_view& view) {
  std::set<digest> wanted;
  for (const auto& version : view.versions)
    for (const auto& bundle : all_bundles(version.spec, version.bundle))
      wanted.insert(bundle);
  std::erase_if(kept_, [&](const auto& entry) {
    return !wanted.contains(entry.first);
  });
  for (const auto& bundle : wanted) {
    auto& state = kept_[bundle];
    if (state && *state != 2)
      continue;
    state = std::make_shared<std::atomic<int>>(0);
    need(bundle, [state](const error* failed) { *state = failed ? 2 : 1; });
  }
}

void control_router::handle(const node_name&,
                            const wire::admin_request& request,
                            const answer& back) {
  if (request.kind == estimates_kind)
    return give_estimates(request, back);
  if (request.kind == cpu_kind)
    return give_cpu(request, back);
  if (!from_controller_)
    return;
  if (request.kind == controllers_kind && learned)
    return learned(lines_of(request.payload));
  if (const auto query = query_of(request); query && to_.logs != nullptr)
    return back(log_reply(request.id, to_.logs->query(*query)));
  if (const auto call = call_of(request))
    return give_decisions(request, *call, back);
  const auto bundle = digest::parse(request.payload);
  if (request.kind != keep_bundle_kind || !bundle)
    return; // of a later release
  need(*bundle, [id = request.id, back](const error* failed) {
    wire::admin_reply reply;
    reply.id = id;
    if (failed != nullptr)
      reply.why = *failed;
    back(reply);
  });
}

/// A node without a log has none: who asks need not wait for it.
void control_router::give_decisions(const wire::admin_request& request,
                                    const call_id& of, const answer& back) {
  if (to_.decisions == nullptr)
    return back(decisions_reply(request.id, {}));
  to_.decisions->look_up(
    of, [id = request.id, back](const std::vector<decisions::record>& found) {
      back(decisions_reply(id, found));
    });
}

void control_router::give_estimates(const wire::admin_request& request,
                                    const answer& back) {
  if (!to_.predictor)
    return;
  to_.counters->of(actor_kind::predictor).count_sent();
  caf::anon_send(to_.predictor, make_local(estimates_wanted{
                                  [id = request.id, back](std::string text) {
                                    wire::admin_reply reply;
                                    reply.id = id;
                                    reply.payload = std::move(text);
                                    back(reply);
                                  }}));
}

void control_router::handle(const node_name& from,
                            const wire::admin_reply& reply, const answer&) {
  if (reply.id == estimates_id)
    return take_estimates(from, reply);
  if (reply.id == cpu_id)
    return take_cpu(from, reply);
  if (answered)
    answered(from, reply);
}

void control_router::take_estimates(const node_name& from,
                                    const wire::admin_reply& reply) {
  if (!to_.predictor || reply.why.code != errc::ok)
    return;
  to_.counters->of(actor_kind::predictor).count_sent();
  caf::anon_send(to_.predictor,
                 make_local(estimates_arrived{from, reply.payload}));
}

void control_router::give_cpu(const wire::admin_request& request,
                              const answer& back) {
  if (!to_.predictor)
    return;
  to_.counters->of(actor_kind::predictor).count_sent();
  caf::anon_send(to_.predictor,
                 make_local(cpu_wanted{[id = request.id, back](double slow) {
                   wire::admin_reply reply;
                   reply.id = id;
                   reply.payload = std::to_string(slow);
                   back(reply);
                 }}));
}

void control_router::take_cpu(const node_name& from,
                              const wire::admin_reply& reply) {
  const auto slow = number_of(reply.payload);
  if (!to_.predictor || reply.why.code != errc::ok || !slow)
    return;
  to_.counters->of(actor_kind::predictor).count_sent();
  caf::anon_send(to_.predictor, make_local(cpu_told{from, *slow}));
}

} // namespace faas::actors
