// When a version whose workers die may have another one.
#pragma once

#include "libfaas/core/clock.hpp"

#include <algorithm>
#include <cstdint>

namespace faas::isolated {

/// Counts workers that died one after the other without an answer in between.
/// The first is replaced at once, later ones after a pause that doubles; with
/// too many in a row the version is over. Not thread safe.
class crash_budget {
public:
  struct limits {
    uint32_t most = 5; ///< deaths in a row that end the version
    duration pause = std::chrono::milliseconds{50}; ///< after the second death
    duration longest = std::chrono::seconds{1};
  };
  crash_budget() noexcept : crash_budget(limits{}) {}
  explicit crash_budget(limits bounds) noexcept : bounds_(bounds) {}

  void died(time_point now) noexcept {
    ++in_a_row_;
    if (in_a_row_ < 2)
      return;
    const auto doubled = bounds_.pause * (1 << std::min(in_a_row_ - 2, 16u));
    not_before_ = now + std::min<duration>(doubled, bounds_.longest);
  }
  void served() noexcept {
    in_a_row_ = 0;
    not_before_ = {};
  }
  uint32_t in_a_row() const noexcept { return in_a_row_; }
  bool exhausted() const noexcept { return in_a_row_ >= bounds_.most; }
  /// The next worker may start from then on.
  time_point not_before() const noexcept { return not_before_; }

private:
  limits bounds_;
  uint32_t in_a_row_ = 0;
  time_point not_before_{};
};

} // namespace faas::isolated
