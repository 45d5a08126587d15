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

/// Teaches a policy a site of just that latency.
using teacher = std::function<void(policy& rule, unsigned site, double ms)>;

/// What the policy expects of site 0: the level of latency at which it changes
/// over to another site. By dividing, with 31 sites of rising levels.
inline double expected_ms(const question& about, teacher level = {}) {
  constexpr unsigned levels = 31;
  if (!level)
    level = [&](policy& rule, unsigned site, double ms) {
      rule.ended(took(site, ms, about.at));
    };
  double low = 0, high = about.most_ms;
  for (int round = 0; round < 8; ++round) {
    auto rule = std::move(*make_policy(about.policy));
    for (const auto& one : about.seen)
      rule->ended(one);
    const double step = (high - low) / (levels + 1);
    for (unsigned i = 1; i <= levels; ++i)
      level(*rule, i, low + step * i);
    random_source random{1};
    unsigned below = 0; // levels that are better than site 0
    for (unsigned half = 16; half > 0; half /= 2) {
      const auto other = below + half;
      auto two = in_flight({about.in_flight, 0});
      two.sites[1] = site_index{other};
      if (rule->choose(two, about.event, random, after(about.at)).chosen == 1)
        below = other;
    }
    low += step * below;
    high = low + step;
  }
  return high;
}

} // namespace faas::routing
