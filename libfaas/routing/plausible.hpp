// Which measured times can be true: what other nodes say is not taken on trust.
#pragma once

#include "libfaas/routing/decision.hpp"
#include "libfaas/routing/predictor_types.hpp"

#include <algorithm>
#include <cmath>

namespace faas::routing {

/// No event takes longer, ms.
inline constexpr double max_ms = 1e7;

inline bool plausible_ms(double ms) noexcept {
  return std::isfinite(ms) && ms >= 0 && ms <= max_ms;
}

/// Whether `x` can be a size, a number of bytes or a count.
inline bool plausible_amount(double x) noexcept {
  return std::isfinite(x) && x >= 0;
}

/// Half of a prediction's 90 % interval as its observation tells it, ms: from 0
/// to max_ms, which no event exceeds; -1, not known, where it is no number.
inline double told_reach_ms(const prediction& of) noexcept {
  const double ms = reach_ms(of);
  return std::isnan(ms) ? -1 : std::clamp(ms, 0.0, max_ms);
}

/// Whether each number of an event can be true by itself. Its parts may still be
/// larger than the whole: of that the link's filter is the judge.
inline bool plausible(const observation& seen) noexcept {
  return plausible_ms(seen.total_ms) && plausible_ms(seen.queue_ms)
         && plausible_ms(seen.service_ms) && plausible_ms(seen.cold_ms)
         && plausible_ms(seen.batch_ms) && plausible_amount(seen.batch_size)
         && plausible_amount(seen.size) && plausible_amount(seen.bytes.up)
         && plausible_amount(seen.bytes.down)
         && plausible_amount(seen.backlog_ms);
}

/// What a policy may learn from: `seen`, if it can be true. Where a site's own
/// times cannot (or exceed the whole by more than 1 ms, the grain of clocks), the
/// event counts as failed and they are left out: it did take its total by this
/// router's clock. A queue counts as 10,000 at most. Size, bytes and total are
/// this router's own; NaN among them counts as 0.
inline outcome as_plausible(outcome seen) noexcept {
  constexpr double grain_ms = 1, most_queue = 1e4;
  const bool sound
    = plausible_ms(seen.queue_ms) && plausible_ms(seen.service_ms)
      && plausible_ms(seen.cold_ms)
      && seen.queue_ms + seen.service_ms + seen.cold_ms
           <= seen.total_ms + grain_ms;
  if (!sound) {
    seen.failed = true;
    seen.queue_ms = seen.service_ms = seen.cold_ms = seen.queue_length = 0;
  }
  const auto bounded = [](double x, double most) {
    return x > 0 ? std::min(x, most) : 0.0; // NaN: 0
  };
  seen.total_ms = bounded(seen.total_ms, max_ms);
  seen.size = bounded(seen.size, 1e12);
  seen.bytes = {bounded(seen.bytes.up, 1e12), bounded(seen.bytes.down, 1e12)};
  seen.in_flight = bounded(seen.in_flight, most_queue);
  seen.queue_length = bounded(seen.queue_length, most_queue);
  return seen;
}

} // namespace faas::routing
