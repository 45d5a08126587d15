// What an event makes later ones wait, for who knows the laws.
#pragma once

#include "libfaas/routing/cold_start_estimator.hpp"
#include "libfaas/sim/event_stream.hpp"
#include "libfaas/sim/site_state.hpp"

#include <vector>

namespace faas::sim {

/// Whittle's index for routing (routing::crowding) by the true laws: of the load
/// that a site, and its link, would have if all events of the system came there
/// as they come now. Rates are those of the laws, or, where a law does not tell
/// (arrivals::per_second), measured at all gateways over the last 5 s. A
/// heuristic, not a bound: the index is exact for one server and exponential
/// times at each site alone. An event that loads its function spares later ones
/// that: it bears its share only (routing::cold_charge_ms). Not in worlds where a
/// site is short of memory: how long a function stays there is not known, and
/// sharing at the other sites alone would draw events away from it. `world` and
/// `streams` must outlive it. Thread rule: one owner.
class foresight {
public:
  foresight(const scenario& world, const std::vector<event_stream>& streams);

  /// An event of that stream has come.
  void came(size_t stream, double now);
  /// What it would make later ones wait if it were sent there now, ms.
  double imposed_ms(const site_state& site, const draw& event,
                    double now) const;
  /// What it would spare them by loading its function there.
  double spared_ms(const site_state& site, const draw& event,
                   double now) const;

private:
  /// Of one stream's events, at a site without disturbance.
  struct need {
    double work_ms = 0;
    routing::way_bytes bytes{};
  };

  const scenario& world_;
  const std::vector<event_stream>& streams_;
  std::vector<std::vector<need>> needs_; ///< by stream and site
  std::vector<routing::rate_estimator> seen_; ///< by stream
  std::vector<double> stay_ms_; ///< by site, of a function; 0: not known
  std::vector<double> repeated_; ///< slow-down by site; 0: as it is now
  std::vector<double> rates_; ///< by stream, events per ms, as of the last one
};

} // namespace faas::sim
