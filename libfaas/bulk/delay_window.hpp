// How many bytes of bulk may be on the way, by how long they are on the way.
#pragma once

#include "libfaas/core/clock.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace faas::bulk {

struct window_options {
  /// Queueing that bulk may add to the path.
  duration target = std::chrono::milliseconds{20};
  uint64_t first = 8 * 1024, least = 6 * 1024, most = 4 * 1024 * 1024;
  /// Pause after which the path is taken as unknown.
  duration idle = std::chrono::seconds{1};
  /// How often the path is let run empty, to see how long it is without bulk.
  duration look_every = std::chrono::seconds{30};
};

/// Delay-based window, in the manner of LEDBAT (RFC 6817) with FAST's step: the
/// least round-trip time of the last minutes is the path's own, what is over it
/// is queueing, and once per round trip (the least of some samples: a busy
/// processor delays single ones) the window moves to where queueing is
/// `target`. Other traffic that queues makes bulk go back to `least`. Pure; not
/// thread safe.
class delay_window {
public:
  explicit delay_window(window_options options = {}) noexcept
    : options_(options), window_(options.first) {}

  uint64_t bytes() const noexcept { return window_; }
  uint64_t in_flight() const noexcept { return sent_ - acked_; }
  uint64_t room() const noexcept {
    return window_ > in_flight() ? window_ - in_flight() : 0;
  }

  void sent(time_point now, uint64_t bytes) noexcept;
  /// The peer has `bytes` more; the last of them was on the way for `rtt`,
  /// there and back.
  void acked(time_point now, uint64_t bytes, duration rtt) noexcept;

  /// Nullopt before the first acknowledgement.
  std::optional<duration> base() const noexcept;
  /// Least of the last round over base().
  duration queueing() const noexcept { return queueing_; }
  /// Bytes per second at which a window goes out in one round trip; 0: unknown.
  double rate() const noexcept;

private:
  enum class phase : uint8_t { start, steady, look };
  void note(time_point now, duration rtt) noexcept;
  void end_round(time_point now) noexcept;
  void steer(duration rtt) noexcept;
  void set(double bytes) noexcept;

  struct bucket {
    time_point since{};
    duration least = duration::max();
  };
  static constexpr auto bucket_time = std::chrono::seconds{10};

  window_options options_;
  uint64_t window_;
  uint64_t sent_ = 0, acked_ = 0, round_end_ = 0;
  duration round_least_ = duration::max();
  duration queueing_{}, smooth_{};
  bool limited_ = false; ///< the window, not the source, held bytes back
  phase phase_ = phase::start;
  uint64_t before_ = 0; ///< window to which a start may hurry
  int look_rounds_ = 0, samples_ = 0;
  time_point looked_{}, sent_at_{};
  std::array<bucket, 12> history_{};
  size_t current_ = 0;
};

} // namespace faas::bulk
