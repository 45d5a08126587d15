// What it costs to run events at a site.
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace faas::routing {

/// As the site's owner states it.
struct site_costs {
  double price_per_s = 0; ///< of one event's work, in any one currency
  double idle_watts = 0;  ///< of the whole site with nothing to do
  double busy_watts = 0;  ///< and with all its servers at work
  bool operator==(const site_costs&) const = default;
};

/// Whether all are finite, not negative, and busy_watts not below idle_watts.
inline bool sound(const site_costs& of) noexcept {
  const auto good = [](double x) { return std::isfinite(x) && x >= 0; };
  return good(of.price_per_s) && good(of.idle_watts) && good(of.busy_watts)
         && of.busy_watts >= of.idle_watts;
}

/// What one event's work draws beyond the idle site, W (candidate::watts):
/// power is taken as linear in the servers at work (Fan, Weber and Barroso,
/// "Power provisioning for a warehouse-sized computer", ISCA 2007). 0 when the
/// costs are not sound.
inline double watts_per_event(const site_costs& of, double servers) noexcept {
  if (!sound(of) || !(servers >= 1))
    return 0;
  return (of.busy_watts - of.idle_watts) / servers;
}

/// What a node's labels say, and what is wrong with them, one line for people
/// each.
struct stated_costs {
  site_costs costs;
  std::vector<std::string> wrong;
};

/// Labels price_per_s, idle_watts and busy_watts: plain numbers of at least 0,
/// "0.5" or "4e-6", without a unit. A price that is none counts as 0. Power
/// counts as 0 as a whole when one of its labels is none, or busy_watts is below
/// idle_watts.
stated_costs costs_in(const std::map<std::string, std::string>& labels);

} // namespace faas::routing
