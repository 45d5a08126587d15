// How many instances a function needs for its load.
#pragma once

#include "libfaas/core/clock.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace faas::scaling {

struct tuner_settings {
  /// Share of its time that an instance shall be busy.
  double utilisation = 0.7;
  /// Mean wait that is still good; then this decides in place of utilisation.
  std::optional<duration> target_wait{};
  /// What was needed within this time is kept.
  duration hold = std::chrono::seconds{20};
};

/// Up at once, down to the most that was needed within the hold time. Not thread
/// safe.
class tuner {
public:
  explicit tuner(tuner_settings settings) noexcept : settings_(settings) {}

  /// Instances wanted, `least` to `most`. `rate`: arrivals per second. A `now`
  /// before an earlier one counts as that one.
  uint32_t wanted(time_point now, double rate, duration service, uint32_t least,
                  uint32_t most);

  /// For that load now, `most` at most.
  uint32_t needed(double rate, duration service, uint32_t most) const noexcept;

private:
  struct need {
    time_point at;
    uint32_t instances;
  };
  static constexpr size_t most_kept = 16;

  tuner_settings settings_;
  std::vector<need> needs_; ///< rising time, falling number
};

} // namespace faas::scaling
