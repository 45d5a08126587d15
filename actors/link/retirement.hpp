// When a link that another connection has replaced may end.
#pragma once

#include "libfaas/wire/link_types.hpp"

#include <optional>

namespace faas::actors {

/// It ends when nothing has been under way for a while (the peer may hear of the
/// replacement later), or at last. Pure.
class retirement {
public:
  static constexpr auto quiet_enough = std::chrono::seconds{1},
                        last_call = std::chrono::seconds{10};
  static constexpr auto period = std::chrono::milliseconds{250};

  bool begun() const noexcept { return since_.has_value(); }
  void begin(time_point now) noexcept {
    since_ = busy_ = now;
    next_ = now + period;
  }
  /// It is time to look.
  bool due(time_point now) const noexcept { return begun() && now >= next_; }
  /// Whether to end now; else the next look is due after a period.
  bool over(const wire::link_stats& stats, time_point now) noexcept {
    if (stats.in_flight + stats.running + stats.queued_transfers > 0)
      busy_ = now;
    next_ = now + period;
    return now - busy_ >= quiet_enough || now - *since_ >= last_call;
  }

private:
  std::optional<time_point> since_;
  time_point busy_{}, next_{};
};

} // namespace faas::actors
