// What the version in service does at one site.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace faas::rollout {

/// Error rate and an upper quantile of latency over the last `window` events.
class baseline {
public:
  static constexpr size_t window = 512;
  static constexpr size_t least = 50;       ///< events before it can compare
  static constexpr double slow_share = 0.2; ///< events above slow_ms()

  void add(bool failed, double latency_ms) noexcept {
    auto& slot = events_[count_++ % window];
    slot = {failed, latency_ms};
    if (count_ % 32 == 0 || count_ == least)
      refresh();
  }

  bool ready() const noexcept { return count_ >= least; }
  /// Exceeded by `slow_share` of its events, as of the last refresh.
  double slow_ms() const noexcept { return slow_ms_; }
  double error_rate() const noexcept { return error_rate_; }
  /// Events that the figures above rest on.
  double size() const noexcept { return size_; }

private:
  struct seen {
    bool failed = false;
    double latency_ms = 0;
  };

  void refresh() noexcept {
    const auto n = std::min(count_, window);
    std::array<double, window> ordered;
    size_t good = 0, failed = 0;
    for (size_t i = 0; i < n; ++i) {
      if (events_[i].failed)
        ++failed;
      else
        ordered[good++] = events_[i].latency_ms;
    }
    size_ = static_cast<double>(n);
    error_rate_ = static_cast<double>(failed) / size_;
    if (good == 0)
      return;
    const auto at = static_cast<size_t>(std::ceil(
                      (1 - slow_share) * static_cast<double>(good))) - 1;
    std::nth_element(ordered.begin(),
                     ordered.begin() + static_cast<std::ptrdiff_t>(at),
                     ordered.begin() + static_cast<std::ptrdiff_t>(good));
    slow_ms_ = ordered[at];
  }

  std::array<seen, window> events_{};
  size_t count_ = 0;
  double slow_ms_ = 0, error_rate_ = 0, size_ = 1;
};

} // namespace faas::rollout
