// Whether a site that refuses a function's events is worth asking.
#pragma once

#include "libfaas/core/clock.hpp"

#include <algorithm>
#include <chrono>

namespace faas::routing {

/// Leaves a site out after refusals in a row that say that it cannot run the
/// function (not that it is full); then lets one event at a time try, more and
/// more seldom: a circuit breaker (Nygard, "Release It!", 2007). One per
/// function and site. One thread.
class site_guard {
public:
  /// False while the site rests.
  bool open(time_point now) const noexcept { return now >= until_; }
  /// An event goes there: while the site is in doubt, no other one follows for
  /// a while.
  void asked(time_point now) noexcept {
    if (refusals_ >= tolerated)
      until_ = now + rest();
  }
  /// It did not run the event and said so. Events that were sent before it was
  /// left out count once.
  void refused(time_point sent, time_point now) noexcept {
    if (sent < since_)
      return;
    if (++refusals_ < tolerated)
      return;
    until_ = now + rest();
    since_ = now;
  }
  /// It ran one, however that ended.
  void served() noexcept {
    *this = {};
  }

private:
  static constexpr int tolerated = 2;
  static constexpr auto least_rest = std::chrono::milliseconds{250};
  static constexpr int doublings = 5; ///< to 8 s

  duration rest() const noexcept {
    return least_rest * (1 << std::min(refusals_ - tolerated, doublings));
  }

  int refusals_ = 0; ///< in a row
  time_point until_{};
  time_point since_{}; ///< left out, or left out for longer
};

} // namespace faas::routing
