// A small discrete-event simulation of one router and a few sites, in virtual
// time, driving the real predictor and the real policies.
#pragma once

#include "libfaas/routing/decision.hpp"
#include "libfaas/routing/predictor.hpp"

#include <array>
#include <functional>
#include <memory>
#include <vector>

namespace faas::test {

/// A site with one executor (FIFO). Work is in ms on a full core.
struct sim_site {
  std::string name, tier;
  double slowdown = 1; ///< 5: a fifth of a core
  /// Further factor at a time (s): the disturbances. Piecewise constant with
  /// steps only at multiples of 10 ms.
  std::function<double(double)> disturbance = [](double) { return 1.0; };
  /// > 0: the slow-down is a CPU quota: full speed for the first share of each
  /// period, then nothing.
  double quota_period_ms = 0;
  double rtt_ms = 0.1;
  double ms_per_byte = 0; ///< the link up is FIFO and shared by all events
};

struct sim_config {
  std::vector<sim_site> sites;
  std::function<double(random_source&)> size;
  double rate = 5; ///< Poisson arrivals per s
  double seconds = 120;
  double ms_per_unit = 0.34, ms_fixed = 0.5; ///< true work of an event
  double bytes_per_unit = 784;
  double service_noise = 0.08; ///< sd of log service
  double outlier_share = 0.005, outlier_factor = 3;
  double jitter_ms = 1;   ///< mean of the exponential network jitter
  double probe_every = 0; ///< s; 0: no probes
  double probe_noise = 0.1;
  bool probe_blind = false; ///< the probe does not feel the disturbance
  double ping_every = 1;
  routing::line profile{0.34, 1}; ///< what deploy-time profiling said
  uint64_t seed = 1;
};

struct sim_event {
  double sent = 0; ///< s, intended send time
  double size = 1;
  int site = 0;
  double finished = 0;
  double latency_ms = 0;
  double service_ms = 0;
  double started = 0; ///< of service, s
  double predicted_ms = 0;
  routing::reason why = routing::reason::best;
  /// Expected latency on each site given the true state at arrival (work on
  /// its way to a site is taken as ahead in the queue).
  std::array<double, 4> true_ms{};
  /// Predicted over true mean service on each site at arrival.
  std::array<double, 4> belief{};
};

/// Plays the scenario. Arrivals, sizes and noise depend on the seed alone, so
/// that runs with different policies are paired.
class queue_sim {
public:
  explicit queue_sim(sim_config config);
  ~queue_sim();
  std::vector<sim_event> run(routing::policy& rule);
  routing::predictor& predictor();
  routing::function_index function() const;
  routing::site_index site(size_t i) const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace faas::test
