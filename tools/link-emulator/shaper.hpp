// One direction of an emulated link, as arithmetic.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/random.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace faas::emulator {

enum class jitter_law : uint8_t {
  uniform,    ///< from 0 to `jitter_ms`
  exponential ///< with mean `jitter_ms`
};

/// What a link is like, per direction.
struct link_shape {
  double one_way_ms = 0;
  double mbit = 0;      ///< megabits per second; 0: no bound
  double jitter_ms = 0; ///< extra delay, order is kept
  jitter_law law = jitter_law::uniform;
  double loss = 0; ///< share of packets; see shaper
};

/// When the bytes of one direction arrive: serialised at the rate, then
/// delayed. Pure; time is a parameter.
///
/// Bytes that follow each other within `jitter_hold` share one draw of the
/// jitter: else an event of many pieces would have the largest of many draws.
///
/// A relay of TCP loses nothing; a lost packet is late instead, and what is
/// behind it waits (as at a receiver of TCP): two round trips, at least 10 ms,
/// the probe timeout of RFC 8985, section 7.2. The sender's window does not
/// shrink.
class shaper {
public:
  static constexpr double packet_bytes = 1448;
  static constexpr duration jitter_hold = std::chrono::milliseconds{1};

  explicit shaper(uint64_t seed) : random_(seed) {}

  /// Arrival of `bytes` that are handed to the link at `now`.
  time_point arrival(const link_shape& shape, size_t bytes, time_point now) {
    auto start = std::max(now, free_);
    if (start - free_ > jitter_hold)
      extra_ = draw(shape);
    if (shape.mbit > 0)
      start += from_ms(static_cast<double>(bytes) * 8 / (shape.mbit * 1000));
    free_ = start;
    const auto late
      = lost(shape, bytes) ? std::max(4 * shape.one_way_ms, 10.0) : 0.0;
    // A draw is in the unit of the jitter, which may have changed since.
    last_ = std::max(
      last_,
      start + from_ms(shape.one_way_ms + extra_ * shape.jitter_ms + late));
    return last_;
  }
  /// How far ahead the sender has filled the link.
  duration backlog(time_point now) const {
    return free_ > now ? duration{free_ - now} : duration{};
  }

private:
  double draw(const link_shape& shape) {
    if (shape.jitter_ms <= 0)
      return 0;
    return shape.law == jitter_law::uniform ? random_.uniform()
                                            : -std::log(1 - random_.uniform());
  }
  /// Whether any of their packets is.
  bool lost(const link_shape& shape, size_t bytes) {
    if (shape.loss <= 0)
      return false;
    const auto packets = std::ceil(static_cast<double>(bytes) / packet_bytes);
    return random_.uniform() < 1 - std::pow(1 - shape.loss, packets);
  }

  random_source random_;
  time_point free_{};
  time_point last_{};
  double extra_ = 0; ///< in units of the jitter
};

} // namespace faas::emulator
