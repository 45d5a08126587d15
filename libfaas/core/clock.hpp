// Time as a parameter.
#pragma once

#include <chrono>

namespace faas {

using duration = std::chrono::nanoseconds;
/// Monotonic time of this machine; never compared between machines.
using time_point = std::chrono::steady_clock::time_point;
/// Wall time, for people and records only.
using wall_time = std::chrono::system_clock::time_point;

/// Source of time. Thread safe.
class clock_source {
public:
  virtual ~clock_source() = default;
  virtual time_point now() const noexcept = 0;
  virtual wall_time wall() const noexcept = 0;
};

/// The machine's clocks.
class system_clock_source final : public clock_source {
public:
  time_point now() const noexcept override {
    return std::chrono::steady_clock::now();
  }
  wall_time wall() const noexcept override {
    return std::chrono::system_clock::now();
  }
};

/// Milliseconds as a double, the unit of all estimates.
inline double to_ms(duration d) noexcept {
  return std::chrono::duration<double, std::milli>(d).count();
}
inline duration from_ms(double ms) noexcept {
  return std::chrono::duration_cast<duration>(
    std::chrono::duration<double, std::milli>(ms));
}

} // namespace faas
