// Waiting time at a site and in front of a link, seen from one router.
#pragma once

#include "libfaas/core/clock.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace faas::routing {

/// Waiting work of other routers, reported `age_ms` ago: fades with
/// exp(-age / 500 ms), because a report says little about a queue of later.
inline double external_wait_ms(double reported_ms, double age_ms) noexcept {
  constexpr double fading_ms = 500;
  if (!(reported_ms > 0))
    return 0;
  return reported_ms * std::exp(-std::max(0.0, age_ms) / fading_ms);
}

/// One router's own work at one site with `servers` equal servers, first come
/// first served: who would be served when, from what was expected of each event
/// and from who has returned. Not thread safe: see shared_load.
class site_load {
public:
  explicit site_load(double servers = 1);

  /// An event was sent that arrives after `transit_ms` and is expected to take
  /// `service_ms` (prediction::transit and ::service).
  void start(double service_ms, double transit_ms, time_point now);
  /// It returned, on a way back of `back_ms`, or was given up. `service_ms` as
  /// at its start; of several with the same one, the first sent.
  void finish(double service_ms, double back_ms, time_point now);

  uint32_t in_flight() const noexcept {
    return static_cast<uint32_t>(open_.size()) + beyond_;
  }
  /// Time from now until a server is free for one more event; 0: one is.
  double free_in_ms(time_point now) const noexcept {
    return free_in_ms(free_ms_, least_ms_, now);
  }
  /// The same from what it keeps: when a server will be free (0: one is), and
  /// what is left at least of events that are late.
  static double free_in_ms(double free_ms, double least_ms,
                           time_point now) noexcept;
  double free_ms() const noexcept { return free_ms_; }
  double least_ms() const noexcept { return least_ms_; }

private:
  struct event {
    double arrives, service; ///< ms
    double begins;           ///< by plan
  };
  static double ms(time_point t) noexcept {
    return to_ms(t.time_since_epoch());
  }
  /// Begin and end of one more event after those planned so far.
  void plan(event& one);
  void show() noexcept;

  /// Looked at one by one; further ones only by their sum.
  static constexpr size_t most = 128;

  size_t servers_;
  std::vector<event> open_;   ///< in the order of sending
  std::vector<double> busy_;  ///< a heap: when busy servers will be free
  double since_ = 0;          ///< idle servers are, in ms
  double free_ms_ = 0, least_ms_ = 0;
  uint32_t beyond_ = 0;
  double beyond_ms_ = 0;
};

/// One router's bytes on one link: how many are still ahead of the next event,
/// by what was sent and the link's estimated rate. Not thread safe: see
/// shared_link_load.
class link_load {
public:
  void send(double bytes, double ms_per_byte, time_point now) noexcept {
    free_ms_ = after(free_ms_, bytes, ms_per_byte, now);
  }
  double backlog_bytes(double ms_per_byte, time_point now) const noexcept {
    return backlog_bytes(free_ms_, ms_per_byte, now);
  }

  /// When the link will have sent these bytes, too.
  static double after(double free_ms, double bytes, double ms_per_byte,
                      time_point now) noexcept;
  static double backlog_bytes(double free_ms, double ms_per_byte,
                              time_point now) noexcept;

private:
  double free_ms_ = 0;
};

} // namespace faas::routing
