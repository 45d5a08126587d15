#include "libfaas/routing/policies/replica_ranking.hpp"

#include <cmath>

namespace faas::routing {

double replica_ranking::score(const prediction& of,
                              site_index site) const noexcept {
  const auto& known = sites_.get(site);
  if (!known.started)
    return of.in_flight > 0 ? 1e12 : -1e12;
  const double q = 1 + of.in_flight * how_.clients + known.queue;
  return known.response - known.service
         + std::pow(q, how_.exponent) * known.service;
}

standing replica_ranking::rank(const prediction& of, site_index site,
                               const event_features&,
                               random_source& random) const noexcept {
  return {score(of, site), random.uniform()};
}

pick replica_ranking::choose(const decision& so_far, const event_features&,
                             random_source&, time_point) noexcept {
  const auto best = least_by(so_far, [&](uint8_t i) {
    return score(so_far.parts[i], so_far.sites[i]);
  });
  return {best, reason::ranked, 1};
}

void replica_ranking::ended(const outcome& seen) noexcept {
  auto& of = sites_[seen.site];
  const double weight = of.started ? how_.alpha : 1;
  const double response = seen.failed
                            ? failed_ms(seen.total_ms, of, sites_,
                                        [](auto& s) { return s.response; })
                            : seen.total_ms;
  const double service = seen.failed
                           ? failed_ms(seen.total_ms, of, sites_,
                                       [](auto& s) { return s.service; })
                           : seen.service_ms + seen.cold_ms;
  of.started = true;
  of.response += weight * (response - of.response);
  of.service += weight * (service - of.service);
  if (!seen.failed)
    of.queue += weight * (seen.queue_length - of.queue);
}

} // namespace faas::routing
