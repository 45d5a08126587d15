// How often versions that are out of memory are loaded just to measure it.
#pragma once

#include "libfaas/core/clock.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>

namespace faas::host {

/// STOIC's Inquisitor (Zhang et al., 2021) with bounds: a version that has been
/// out of memory for a while is loaded and let go again, so that its cold start
/// is known before an event pays for it, and a site that cannot load it is known
/// before an event finds out. Only what serves nobody is touched, one version at
/// a time, for a small share of the node's time. One per node; thread safe.
class inquiries {
public:
  /// `after`: time out of memory until a version is looked at; zero: never.
  explicit inquiries(duration after) : after_(after) {}

  duration after() const noexcept { return after_; }
  bool on() const noexcept { return after_ > duration::zero(); }

  /// True if the caller may load now; it says how long that took by spent().
  bool take(time_point now) {
    const std::lock_guard lock{mutex_};
    if (!on() || now < next_)
      return false;
    next_ = now + longest; // unless its end is told
    return true;
  }
  void spent(duration took, time_point now) {
    const std::lock_guard lock{mutex_};
    next_ = now + std::clamp<duration>(took * rest, least, longest);
  }

private:
  static constexpr int rest = 50; ///< 2 % of the time
  static constexpr duration least = std::chrono::seconds{1};
  static constexpr duration longest = std::chrono::minutes{5};

  const duration after_;
  std::mutex mutex_;
  time_point next_{};
};

} // namespace faas::host
