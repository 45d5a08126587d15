// When to send PINGREQ, and when a broker is taken for dead.
#pragma once

#include "libfaas/core/clock.hpp"

#include <algorithm>

namespace faas::mqtt {

/// Keep-alive of one connection (3.1.2.10). A PINGREQ is due when nothing was
/// sent for three quarters of the interval [MQTT-3.1.2-23], and also when
/// nothing was received for as long: a client that only sends would otherwise
/// never notice that nobody listens. Not thread safe.
class liveness {
public:
  /// An interval of 0 turns keep-alive off.
  liveness(duration interval, duration patience) noexcept
    : interval_(interval / 4 * 3), patience_(patience) {}

  void start(time_point now) noexcept {
    sent_ = heard_ = now;
    asked_ = false;
  }
  void sent(time_point now) noexcept { sent_ = now; }
  /// Bytes came, or the transport took some of a backlog: somebody is there.
  void heard(time_point now) noexcept { heard_ = now; }
  void ping_sent(time_point now) noexcept {
    sent_ = now;
    if (!asked_)
      heard_ = std::max(heard_, now); // patience runs from the question
    asked_ = true;
  }
  void ping_answered() noexcept { asked_ = false; }

  /// While reading is paused answers cannot come in: only the broker's own
  /// wish for packets counts then.
  time_point ping_due(bool reading) const noexcept {
    if (interval_ == duration::zero())
      return time_point::max();
    const auto quiet = sent_ + interval_;
    return asked_ || !reading ? quiet : std::min(quiet, heard_ + interval_);
  }
  time_point dead_at(bool reading) const noexcept {
    return asked_ && reading ? heard_ + patience_ : time_point::max();
  }

private:
  duration interval_;
  duration patience_;
  time_point sent_{};
  time_point heard_{};
  bool asked_ = false;
};

} // namespace faas::mqtt
