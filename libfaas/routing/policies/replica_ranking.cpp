#include "libfaas/routing/policies/replica_ranking.hpp"

#include <cmath>

namespace faas::routing {

pick replica_ranking::choose(const decision& so_far, const event_features&,
                             random_source&, time_point) noexcept {
  const auto best = least_by(so_far, [&](uint8_t i) {
    const auto& of = sites_[so_far.sites[i]];
    const double in_flight = so_far.parts[i].in_flight;
    if (!of.started)
      return in_flight > 0 ? 1e12 : -1e12;
    const double q = 1 + in_flight * how_.clients + of.queue;
    return of.response - of.service + std::pow(q, how_.exponent) * of.service;
  });
  return {best, reason::ranked, 1};
}

void replica_ranking::ended(const outcome& seen) noexcept {
  auto& of = sites_[seen.site];
  const double weight = of.started ? how_.alpha : 1;
  of.started = true;
  of.response += weight * (seen.total_ms - of.response);
  const double service
    = seen.failed ? seen.total_ms : seen.service_ms + seen.cold_ms;
  of.service += weight * (service - of.service);
  if (!seen.failed)
    of.queue += weight * (seen.queue_length - of.queue);
}

} // namespace faas::routing
