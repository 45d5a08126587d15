// Whether a site's word on its times fits what this router measures itself.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/routing/way_bytes.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace faas::routing {

/// What is known of a link without any site's word: keep-alives tell its round
/// trip, and no event crosses it faster than its bytes can. All of the last 15 to
/// 30 s. Not thread safe.
class way_bounds {
public:
  /// A keep-alive took `ms`.
  void ping(double ms, time_point now) noexcept {
    roll(now);
    pings_ = now - last_ > recent || now < last_ ? 1 : pings_ + 1;
    last_ = now;
    mean_ += (pings_ == 1 ? 1.0 : 1.0 / 8) * (ms - mean_);
    now_.low = std::min(now_.low, ms);
    now_.high = std::max(now_.high, ms);
  }
  /// An event with so many bytes took `ms` besides what its site says it took
  /// there; waits for the link included. A way that is shorter than a round trip
  /// says nothing: the site has overstated its times.
  void crossed(way_bytes bytes, double ms, time_point now) noexcept {
    roll(now);
    const double carry = ms - low() + slack_ms;
    if (carry < 0 || !known(now))
      return;
    // Neither direction has taken more than both.
    const auto learn = [carry](double& per_byte, double own) {
      if (carry < per_byte * own)
        per_byte = carry / own;
    };
    learn(now_.per_byte_up, bytes.up);
    learn(now_.per_byte_down, bytes.down);
  }
  /// False without keep-alives of late: then nothing can be said.
  bool known(time_point now) const noexcept {
    return pings_ >= least_pings && now >= last_ && now - last_ <= recent;
  }
  double rtt_ms() const noexcept { return mean_; }
  /// The longest way that so many bytes can be given. Generous: half a round
  /// trip for jitter, one for each congestion window of a connection that was
  /// idle (RFC 5681), the best rate that was seen, or 1 Mbit/s, and 10 ms.
  double most_ms(way_bytes bytes) const noexcept {
    constexpr double window = 14'600, windows = 4; // RFC 6928
    const double high = std::max(now_.high, before_.high);
    return high * (1.5 + std::min(windows, bytes.all() / window))
           + bytes.up * std::min(now_.per_byte_up, before_.per_byte_up)
           + bytes.down * std::min(now_.per_byte_down, before_.per_byte_down)
           + slack_ms;
  }

  static constexpr auto span = std::chrono::seconds{15};

private:
  struct seen {
    double low = 1e9, high = 0;
    /// 1 Mbit/s: slower links are not told from lies.
    double per_byte_up = 8e-3, per_byte_down = 8e-3;
  };
  double low() const noexcept { return std::min(now_.low, before_.low); }
  void roll(time_point now) noexcept {
    const bool jumped = now < since_ - span || now - since_ >= 2 * span;
    if (!jumped && now - since_ < span)
      return;
    before_ = jumped ? seen{} : now_;
    now_ = {};
    since_ = now;
  }

  static constexpr double slack_ms = 10;
  static constexpr uint64_t least_pings = 8;
  static constexpr auto recent = std::chrono::seconds{10};

  seen now_, before_;
  time_point since_{}, last_{};
  double mean_ = 0;
  uint64_t pings_ = 0; ///< without a gap
};

/// Whether the times that a site tells of one function's events are believed.
/// Not thread safe.
class site_word {
public:
  /// An event's way took `ms` by what the site says, `most` at the longest that
  /// it can have taken. True: from now on the word is not believed, or believed
  /// again.
  ///
  /// More than three in four events have to be beyond that for longer than
  /// way_bounds remembers, 32 of them at least: a link that has become slower
  /// is known by its keep-alives and bytes before.
  bool judge(double ms, double most, time_point now) noexcept {
    if (score_ == 0 || now < since_)
      since_ = now;
    score_ = ms > most ? std::min(score_ + 1, enough * 2)
                       : std::max(score_ - 3, 0);
    const bool was = doubted_;
    doubted_ = was ? score_ > 0
                   : score_ >= enough && now - since_ > patience;
    if (doubted_ != was)
      unexplained_ms_ = 0;
    return doubted_ != was;
  }
  /// An event that is not believed took `ms` more than it and the link say.
  void unexplained(double ms) noexcept {
    unexplained_ms_
      += (unexplained_ms_ == 0 ? 1.0 : 1.0 / 16) * (ms - unexplained_ms_);
  }
  bool doubted() const noexcept { return doubted_; }
  /// Of late, how much longer its events take than it and the link account for:
  /// taken for service. 0: it is believed.
  double unexplained_ms() const noexcept { return unexplained_ms_; }

private:
  static constexpr int enough = 32; // events
  static constexpr auto patience
    = 2 * way_bounds::span + std::chrono::seconds{10};

  int score_ = 0;
  bool doubted_ = false;
  time_point since_{};
  double unexplained_ms_ = 0;
};

} // namespace faas::routing
