// Watches the calls of one inline function on one gateway loop.
#pragma once

#include "libfaas/core/clock.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace faas::host {

struct inline_limits {
  /// A call this long stalls its loop and all events on it.
  duration stall = std::chrono::milliseconds{20};
  /// p99 of a window of calls.
  duration p99 = std::chrono::microseconds{50};
};

/// Says when a function must leave its loop: one long stall, or a window whose
/// p99 is over the limit. Not thread safe; a few ns per call.
class inline_watch {
public:
  static constexpr uint32_t window = 1000; ///< calls
  explicit inline_watch(inline_limits limits = {}) noexcept : limits_(limits) {}

  /// Notes one call; the reason when inline must end.
  std::optional<std::string> add(duration service) {
    if (service >= limits_.stall) [[unlikely]]
      return stalled(service);
    ++buckets_[bucket_of(service)];
    return ++count_ < window ? std::nullopt : end_window();
  }
  /// p99 of the last full window, rounded down by up to 20 %; zero before.
  duration p99() const noexcept { return p99_; }

private:
  static size_t bucket_of(duration service) noexcept;
  static duration lower_bound(size_t bucket) noexcept;
  std::optional<std::string> stalled(duration service) const;
  std::optional<std::string> end_window();

  inline_limits limits_;
  std::array<uint16_t, 160> buckets_{}; ///< four per power of two, in ns
  uint32_t count_ = 0;
  duration p99_{};
};

} // namespace faas::host
