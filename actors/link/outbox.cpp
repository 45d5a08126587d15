#include "actors/link/outbox.hpp"

#include "actors/link/bulk_ways.hpp"
#include "actors/link/view_messages.hpp"

#include <caf/send.hpp>

namespace faas::actors {
namespace {

template <class What>
void tell(census& counters, const link_actor& link, What what) {
  counters.of(actor_kind::link).count_sent();
  caf::anon_send(link, std::move(what));
}

} // namespace

void outbox::send(const known_link& link, wire::message what) const {
  tell(counters_, link.actor, make_local(outgoing_control{std::move(what)}));
}

void outbox::close(const link_actor& link) const {
  tell(counters_, link, caf::close_atom::value);
}

void outbox::retire(const link_actor& link) const {
  tell(counters_, link, make_local(link_replaced{}));
}

std::function<void(wire::message)>
outbox::answer_to(known_link* link) const {
  if (link == nullptr)
    return [](const wire::message&) {};
  return [to = link->actor, node = link->hello.node, bulk = bulk_,
          counters = &counters_](wire::message what) {
    if (answer_by_bulk(bulk, node, what))
      return;
    tell(*counters, to, make_local(outgoing_control{std::move(what)}));
  };
}

void outbox::to_all(const wire::message& what) const {
  for (const auto& [number, link] : known_.all)
    if (link.up)
      send(link, what);
}

void outbox::to_controllers(const wire::message& what) const {
  for (const auto& [number, link] : known_.all)
    if (link.up && link.hello.controller)
      send(link, what);
}

void outbox::to_all(const cluster_view& view,
                    const std::vector<std::string>& controllers) const {
  std::map<uint32_t, std::vector<wire::message>> by_protocol;
  for (const auto& [number, link] : known_.all) {
    if (!link.up)
      continue;
    auto& messages = by_protocol[link.protocol];
    if (messages.empty()) {
      messages = to_messages(view, link.protocol);
      if (!controllers.empty())
        std::get<wire::assignments>(messages.back()).controllers = controllers;
    }
    for (const auto& message : messages)
      send(link, message);
  }
}

} // namespace faas::actors
