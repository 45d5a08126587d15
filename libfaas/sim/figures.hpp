// What a run was like.
#pragma once

#include "libfaas/sim/world.hpp"

namespace faas::sim {

/// Figures of a run.
struct figures {
  size_t events = 0;
  double mean_ms = 0, p50_ms = 0, p95_ms = 0, p99_ms = 0;
  double regret_ms = 0;      ///< mean
  double regret_share = 0;   ///< of the clairvoyant's expected latency
  double near_best = 0;      ///< share within 5 % of the best site
  double coverage = 0;       ///< latencies inside the 90 % interval predicted
  std::vector<double> shares; ///< of events, by site
  double again = 0;           ///< share sent again, their site being lost
  double explored = 0;        ///< share sent to learn
  double twice = 0;           ///< share for which a second site was started
  double wasted = 0; ///< work of beaten starts, as a share of the others'
  double promised_ms = 0;     ///< mean promise
  double kept = 0;            ///< share of promises kept
  // Of all events; what is above is of those that were answered.
  double in_time = 0; ///< answered within their deadline, if they have one
  double late = 0;    ///< answered after it
  double dropped = 0; ///< late already when their turn came: not served
  double refused = 0; ///< at once
  double lighter = 0; ///< answered by a lighter function
  double goodput = 0; ///< answers in time per second
  double price = 0, joule = 0; ///< of the work, per answer in time
};
/// `seconds`: that the events came in; 0: no goodput.
figures summarise(const std::vector<record>& all, size_t sites,
                  double seconds = 0);

/// How a run took a step of its world.
struct adaptation {
  double at_ms = 0;   ///< of the step
  double after_ms = 0; ///< until regret was as good as it got
  /// Sum over the events until then of regret beyond the later mean, ms.
  double transient_ms = 0;
};

/// At each of these times (rising): the begin of the first 60 events in a row
/// whose mean regret is at most 1.5 times the mean of the second half of the
/// time to the next one, and 1 ms. `all` in any order.
std::vector<adaptation> adaptations(std::vector<record> all,
                                    const std::vector<double>& steps,
                                    double end_ms);

/// Means over windows of time, by the time of sending.
struct window_means {
  double events = 0, latency_ms = 0, regret_ms = 0;
  std::vector<double> shares; ///< by site
};
std::vector<window_means> over_time(const std::vector<record>& all,
                                    double window_ms, double end_ms,
                                    size_t sites);

} // namespace faas::sim
