// Asks a policy what it takes a site's latency to be.
#pragma once

#include "libfaas/routing/policies/catalog.hpp"

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace faas::routing {

inline time_point after(double ms) {
  return time_point{} + from_ms(1e6 + ms);
}

/// Sites 0, 1, ... with so many events in flight, one server each.
inline decision in_flight(std::initializer_list<double> counts) {
  decision made;
  for (const double count : counts) {
    auto& part = made.parts[made.count];
    part = {};
    part.in_flight = count;
    part.servers = 1;
    made.sites[made.count] = site_index{made.count};
    made.healthy |= 1u << made.count;
    ++made.count;
  }
  return made;
}

/// An event that took `ms` at a site and ended at that time.
inline outcome took(unsigned site, double ms, double at = 0) {
  outcome made;
  made.site = site_index{site};
  made.total_ms = made.service_ms = ms;
  made.at = after(at);
  return made;
}

struct question {
  std::string policy;
  std::vector<outcome> seen{}; ///< of site 0, in the order of time
  double at = 0;
  event_features event{};
  double in_flight = 0; ///< at site 0
  double most_ms = 1e4;
};

/// What the policy expects of site 0: the level at which it changes over to
/// site 1, which is taught just that level by `level`. By bisection.
inline double expected_ms(
  const question& about,
  const std::function<std::vector<outcome>(double ms, double at)>& level
  = [](double ms, double at) { return std::vector{took(1, ms, at)}; }) {
  double low = 0, high = about.most_ms;
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    auto rule = std::move(*make_policy(about.policy));
    for (const auto& one : about.seen)
      rule->ended(one);
    for (const auto& one : level(middle, about.at))
      rule->ended(one);
    random_source random{1};
    const auto chosen = rule->choose(in_flight({about.in_flight, 0}),
                                     about.event, random, after(about.at));
    (chosen.chosen == 0 ? high : low) = middle;
  }
  return high;
}

} // namespace faas::routing
