// What a link measures of itself: round trip time and rate, and what follows
// from them: how much may be under way, and how long a frame may be. Private
// to this folder.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/wire/link_types.hpp"

#include <deque>

namespace faas::wire {

/// Smoothed round trip time (RFC 6298, gain 1/8) and its minimum over the
/// last 10 to 20 s.
class rtt_filter {
public:
  void sample(time_point now, duration rtt) noexcept;
  /// 0 before the first sample.
  duration smoothed() const noexcept { return smoothed_; }
  duration least() const noexcept { return std::min(least_, former_); }
  bool known() const noexcept { return smoothed_.count() > 0; }

private:
  duration smoothed_{};
  duration least_ = duration::max();  ///< since epoch_
  duration former_ = duration::max(); ///< of the 10 s before
  time_point epoch_{};
};

/// Rate at which the peer takes bytes while we always have more for it. The
/// bytes of frames that had to wait or were written back to back, divided by
/// the time between their arrivals (a packet train: Jain and Routhier 1986), so
/// that pauses of ours do not look like a slow link. Arrivals are the peer's
/// times, of which only differences count: acks may be late or bunched.
/// Smoothed with gain 1/4.
class rate_filter {
public:
  /// All bytes that one ack took; busy: each of its frames was written while
  /// another one was under way and more waited before it.
  void acked(duration came, size_t bytes, bool busy) noexcept;
  /// Bytes per second; 0 while unknown.
  uint64_t rate() const noexcept { return rate_; }

private:
  void sample(duration elapsed) noexcept;

  uint64_t rate_ = 0;
  bool train_ = false;
  duration start_{}, last_{}; ///< first and last arrival of the train
  size_t bytes_ = 0;
};

/// Credit of one connection.
class link_meter {
public:
  explicit link_meter(const link_options& options) : options_(options) {}

  void connected() noexcept;

  void ping_sent(time_point now, uint64_t sequence);
  void pong_received(time_point now, uint64_t sequence);

  /// The next data frame's number.
  uint64_t next_sequence() const noexcept { return sent_sequence_ + 1; }
  void frame_sent(time_point now, size_t bytes, bool busy);
  /// False when it acknowledges what was never sent.
  bool ack_received(const ack& what);

  const rtt_filter& rtt() const noexcept { return rtt_; }
  /// Of the last ping that was answered.
  const ping_sample& last_ping() const noexcept { return last_ping_; }
  uint64_t rate() const noexcept { return rate_.rate(); }
  size_t unacknowledged() const noexcept {
    return static_cast<size_t>(sent_bytes_ - acked_bytes_);
  }
  size_t frames_under_way() const noexcept { return under_way_.size(); }
  time_point last_frame() const noexcept { return last_frame_; }
  /// max(64 KiB, 2 x rate x (RTT + 2 ms)), at most options.window_bytes.
  size_t window() const noexcept;
  /// Bytes of one frame: what the link carries in options.frame_time, at most a
  /// quarter of the window, at least 4 KiB; 16 KiB while the rate is unknown.
  size_t frame_budget() const noexcept;

private:
  struct sent_frame {
    uint64_t sequence;
    size_t bytes;
    bool busy;
  };
  struct sent_ping {
    uint64_t sequence;
    time_point at;
    bool alone;
  };

  const link_options& options_;
  rtt_filter rtt_;
  ping_sample last_ping_;
  rate_filter rate_;
  std::deque<sent_frame> under_way_;
  std::deque<sent_ping> pings_; ///< without a pong; the newest few
  uint64_t sent_sequence_ = 0;
  uint64_t sent_bytes_ = 0, acked_bytes_ = 0;
  time_point last_frame_{};
};

} // namespace faas::wire
