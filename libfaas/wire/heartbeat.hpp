// Pings and silence: when to ask, when to suspect, when to give up. Private to
// this folder.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/wire/link_types.hpp"

namespace faas::wire {

/// Liveness of one peer. Its own stalls (a stopped process, an overloaded
/// node) are not taken for the peer's silence.
class heartbeat {
public:
  explicit heartbeat(const link_options& options) : options_(options) {}

  enum class verdict : uint8_t { nothing, suspect, silent };

  void connected(time_point now) noexcept;
  /// A frame came. True when the peer was suspect until now.
  bool heard(time_point now) noexcept;
  /// Any call into the link; detects stalls of our own.
  void called(time_point now, duration rtt) noexcept;
  /// Work is in flight, or no longer is.
  void set_busy(time_point now, bool busy) noexcept;

  /// True when a ping is to be sent now; counts it as sent.
  bool ping_due(time_point now, duration rtt) noexcept;
  /// What the silence means now; suspect and silent are told once.
  verdict judge(time_point now, duration rtt) noexcept;
  time_point wake_at(duration rtt) const noexcept;

  bool suspect() const noexcept { return suspect_; }
  duration silence(time_point now) const noexcept { return now - heard_; }

private:
  duration ping_interval(duration rtt) const noexcept;
  duration patience(duration rtt) const noexcept;

  const link_options& options_;
  time_point heard_{};  ///< last frame
  time_point quiet_{};  ///< from when on silence speaks against the peer
  time_point pinged_{}; ///< last ping
  time_point called_{};
  time_point stalled_{}; ///< end of our own last stall
  bool busy_ = false, suspect_ = false, silent_ = false;
};

} // namespace faas::wire
