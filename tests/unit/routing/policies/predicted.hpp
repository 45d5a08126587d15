// Decisions as decide() would fill them, by hand.
#pragma once

#include "libfaas/routing/decision.hpp"

#include <vector>

namespace faas::routing {

/// A site whose events take `total` ms with that standard deviation; errors are
/// normal.
struct predicted_site {
  double total = 10, sd = 1;
  double price = 0, joule = 0;
  double imposed = 0;
  double network = 0, queue = 0;
  double in_flight = 0, servers = 1;
};

/// Sites 0, 1, ...; all healthy.
inline decision predicted(const std::vector<predicted_site>& sites) {
  decision made;
  for (const auto& one : sites) {
    auto& p = made.parts[made.count];
    p = {};
    p.network = one.network;
    p.queue = one.queue;
    p.total = one.total;
    p.service = one.total - one.network - one.queue;
    p.variance = one.sd * one.sd;
    p.epistemic = p.variance / 2;
    p.promise_sigmas = p.interval_sigmas = 1.645;
    p.price = one.price;
    p.joule = one.joule;
    p.imposed = one.imposed;
    p.in_flight = one.in_flight;
    p.servers = one.servers;
    made.sites[made.count] = site_index{made.count};
    made.healthy |= 1u << made.count;
    ++made.count;
  }
  return made;
}

inline event_features due_in(double ms) {
  event_features event;
  event.deadline_ms = ms;
  return event;
}

} // namespace faas::routing
