#include "libfaas/wire/heartbeat.hpp"

#include <algorithm>
#include <utility>

namespace faas::wire {

void heartbeat::connected(time_point now) noexcept {
  heard_ = quiet_ = called_ = stalled_ = now;
  pinged_ = now - options_.heartbeat; // ask at once
  busy_ = suspect_ = silent_ = false;
}

bool heartbeat::heard(time_point now) noexcept {
  heard_ = quiet_ = now;
  silent_ = false;
  return std::exchange(suspect_, false);
}

void heartbeat::called(time_point now, duration rtt) noexcept {
  // We are called at least once per ping interval. A much longer gap means
  // that this process stood still; the peer gets its time anew.
  const auto gap = std::max(options_.suspect_floor / 2, 2 * ping_interval(rtt));
  if (now - called_ > gap)
    quiet_ = stalled_ = now;
  called_ = now;
}

void heartbeat::set_busy(time_point now, bool busy) noexcept {
  if (busy && !busy_)
    quiet_ = now;
  busy_ = busy;
}

bool heartbeat::ping_due(time_point now, duration rtt) noexcept {
  if (now - pinged_ < ping_interval(rtt))
    return false;
  pinged_ = now;
  return true;
}

heartbeat::verdict heartbeat::judge(time_point now, duration rtt) noexcept {
  if (!silent_ && now - std::max(heard_, stalled_) >= options_.lost_after) {
    silent_ = true;
    return verdict::silent;
  }
  if (busy_ && !suspect_ && now - quiet_ >= patience(rtt)) {
    suspect_ = true;
    return verdict::suspect;
  }
  return verdict::nothing;
}

time_point heartbeat::wake_at(duration rtt) const noexcept {
  auto wake = pinged_ + ping_interval(rtt);
  if (busy_ && !suspect_)
    wake = std::min(wake, quiet_ + patience(rtt));
  if (!silent_)
    wake = std::min(wake, std::max(heard_, stalled_) + options_.lost_after);
  return wake;
}

duration heartbeat::ping_interval(duration rtt) const noexcept {
  return busy_ || suspect_ ? std::max(rtt / 2, options_.ping_floor)
                           : options_.heartbeat;
}

duration heartbeat::patience(duration rtt) const noexcept {
  const auto known = rtt > duration{};
  return std::max(known ? 4 * rtt : options_.first_patience,
                  options_.suspect_floor);
}

} // namespace faas::wire
