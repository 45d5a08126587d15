// Pauses between attempts to reach a broker.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/random.hpp"
#include "libfaas/mqtt/limits.hpp"

#include <algorithm>

namespace faas::mqtt {

/// Decorrelated jitter (Brooker, "Exponential Backoff and Jitter", AWS
/// Architecture Blog, 2015): each pause is uniform between the shortest pause
/// and three times the pause before, and at most the longest. Many clients
/// that lose one broker do not come back in step.
class backoff {
public:
  struct options {
    duration shortest = limits::reconnect_min;
    duration longest = limits::reconnect_max;
    duration stable = limits::reconnect_stable;
  };

  explicit backoff(options bounds) noexcept
    : bounds_(bounds), last_(bounds.shortest) {}

  /// Pause before the next attempt. `lasted` is how long the connection that
  /// just ended was accepted by the broker, zero for a failed attempt: only a
  /// stable connection starts the series afresh, so that two clients with one
  /// client id, who throw each other out, do not do so at full speed.
  duration next(duration lasted, random_source& random) noexcept {
    if (lasted >= bounds_.stable)
      last_ = bounds_.shortest;
    const auto span = std::min(last_ * 3, bounds_.longest) - bounds_.shortest;
    const auto extra = std::chrono::duration_cast<duration>(
      std::max(span, duration::zero()) * random.uniform());
    last_ = bounds_.shortest + extra;
    return last_;
  }

private:
  options bounds_;
  duration last_;
};

} // namespace faas::mqtt
