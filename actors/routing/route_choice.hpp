// What all who choose among a route's targets have in common.
#pragma once

#include "actors/routing/board.hpp"
#include "libfaas/routing/decision.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace faas::actors {

/// The target as all loops of this node know it, for a request of so many bytes.
/// How late the loop is that asks, and what waits for a deployment, is the
/// caller's to add. Any thread; inline, since it is made for each event.
inline routing::candidate candidate_of(const route_target& target, size_t body,
                                       time_point now) {
  routing::candidate made;
  made.site = target.index;
  made.cell = target.cell.get();
  made.in_flight = target.load->in_flight();
  made.batches = target.joins();
  if (made.batches == nullptr)
    made.free_in_ms = target.load->free_in_ms(now);
  if (target.via) {
    made.backlog_ms = target.link_load->backlog_ms(now);
    made.replies_free_in_ms = target.link_load->replies_free_in_ms(now);
    made.replies_ahead_ms = target.link_load->replies_ahead_ms();
    made.healthy = target.via->takes(body);
  }
  made.price_per_s = target.costs.price_per_s;
  made.watts = routing::watts_per_event(target.costs, target.threads);
  return made;
}

/// A new object of the route's policy; min-latency where this node does not know
/// it.
std::unique_ptr<routing::policy> policy_of(const route& of);

/// As in the manifest: "static:edge-1/cpu", "ewma:alpha=0.3".
std::string policy_text(const route& of);

} // namespace faas::actors
