// One direction of an emulated link, as arithmetic.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/random.hpp"

#include <cstddef>

namespace faas::emulator {

/// What a link is like, per direction.
struct link_shape {
  double one_way_ms = 0;
  double mbit = 0;      ///< megabits per second; 0: no bound
  double jitter_ms = 0; ///< uniform extra delay, order is kept
};

/// When the bytes of one direction arrive: serialised at the rate, then
/// delayed. Pure; time is a parameter.
class shaper {
public:
  explicit shaper(uint64_t seed) : random_(seed) {}

  /// Arrival of `bytes` that are handed to the link at `now`.
  time_point arrival(const link_shape& shape, size_t bytes, time_point now) {
    auto start = std::max(now, free_);
    if (shape.mbit > 0)
      start += from_ms(static_cast<double>(bytes) * 8 / (shape.mbit * 1000));
    free_ = start;
    const auto extra = shape.jitter_ms > 0 ? shape.jitter_ms * random_.uniform()
                                           : 0.0;
    last_ = std::max(last_, start + from_ms(shape.one_way_ms + extra));
    return last_;
  }
  /// How far ahead the sender has filled the link.
  duration backlog(time_point now) const {
    return free_ > now ? duration{free_ - now} : duration{};
  }

private:
  random_source random_;
  time_point free_{};
  time_point last_{};
};

} // namespace faas::emulator
