// How long a function is idle between its events.
#pragma once

#include "libfaas/core/clock.hpp"

#include <array>
#include <cstddef>

namespace faas::scaling {

/// Idle times of one second to four hours in bins of equal ratio (16 %); newer
/// ones count more: the weight of one halves with every 180 that follow. Shorter
/// ones are left out: no decision depends on them. Not thread safe.
class idle_histogram {
public:
  static constexpr size_t bins = 64;
  static constexpr duration least = std::chrono::seconds{1};
  static constexpr duration most = std::chrono::hours{4};

  void add(duration idle) noexcept;

  /// Idle times seen, newer ones in full; at most about 256.
  double seen() const noexcept;
  /// Share of those that were longer than the bins reach.
  double beyond() const noexcept;
  /// Coefficient of variation of the bins' counts: 0 when all are equal, 7.9
  /// when one has all.
  double concentration() const noexcept;
  /// Below which a share `q` lies: the upper edge of that bin. `most` when it is
  /// beyond the bins. Zero when nothing was seen.
  duration quantile(double q) const noexcept;
  /// The same, lower edge.
  duration quantile_from_below(double q) const noexcept;

private:
  static size_t bin_of(duration idle) noexcept;
  static duration edge(size_t bin) noexcept; ///< lower
  double total() const noexcept;
  size_t bin_at(double q) const noexcept; ///< `bins` when it is beyond

  std::array<float, bins> counts_{};
  float beyond_ = 0;
  float weight_ = 1; ///< of the next one
};

} // namespace faas::scaling
