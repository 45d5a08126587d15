// One event of a run.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/routing/way_bytes.hpp"
#include "libfaas/sim/scenario.hpp"

#include <limits>

namespace faas::sim {

/// Predictors take time points; some time has passed before the run.
inline time_point at(double ms) noexcept {
  return time_point{} + from_ms(1e6 + ms);
}

/// One event, drawn before it is known where it will run, so that all policies
/// meet the same events.
struct draw {
  double sent = 0; ///< ms
  size_t function = 0, gateway = 0;
  size_t only = traffic::any; ///< see traffic
  double size = 1;
  double work = 1; ///< ms at slow-down 1, with noise
  double mean_work = 1;
  double noise = 1, mean_noise = 1;      ///< factors, outliers included
  double own_noise = 1; ///< the part of noise that is the event's, wherever it runs
  double up_jitter = 0, down_jitter = 0; ///< as shares of the jitter's mean
  double up_luck = 1, down_luck = 1;     ///< below the loss: sent again
  routing::way_bytes bytes;
  double deadline_ms = 0; ///< after it was sent; 0: none
  /// Sites do not begin it later than that.
  double give_up = std::numeric_limits<double>::infinity();
  /// What it meets at each site, in place of work and jitter; null: not known.
  const site_draw* by_site = nullptr;
  // What the site where it was sent keeps of it:
  double law_service = 0; ///< by the laws, ms
  double ready = 0, law_ready = 0; ///< its reply, as expected, and by the laws
  uint32_t ticket = 0;
};

} // namespace faas::sim
