// Waiting time at a site and in front of a link, seen from one router.
#pragma once

#include "libfaas/core/clock.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace faas::routing {

/// Expected wait of one more event behind `in_flight` own events that take
/// `drain_ms` from now until all are served, at a site with `servers` equal
/// servers (FCFS): max(0, (n - c + 1) / n * drain - transit). While the event
/// travels for `transit_ms`, those ahead of it are served.
inline double own_wait_ms(uint32_t in_flight, double drain_ms, double servers,
                          double transit_ms) noexcept {
  const double n = in_flight;
  if (n == 0 || n < servers || !(drain_ms > 0))
    return 0;
  return std::max(0.0, (n - servers + 1) / n * drain_ms - transit_ms);
}

/// Waiting work of other routers, reported `age_ms` ago: fades with
/// exp(-age / 500 ms), because a report says little about a queue of later.
inline double external_wait_ms(double reported_ms, double age_ms) noexcept {
  constexpr double fading_ms = 500;
  if (!(reported_ms > 0))
    return 0;
  return reported_ms * std::exp(-std::max(0.0, age_ms) / fading_ms);
}

/// One router's own work at one site: exact in what was sent and what came
/// back, since each start and end is its own. Not thread safe: see shared_load.
class site_load {
public:
  explicit site_load(double servers = 1) noexcept : servers_(servers) {}

  /// An event was sent that arrives after `transit_ms` and is expected to take
  /// `service_ms` (prediction::transit and ::service).
  void start(double service_ms, double transit_ms, time_point now) noexcept;
  /// It returned, on a way back of `back_ms`, or was given up. `service_ms` as
  /// at its start.
  void finish(double service_ms, double back_ms, time_point now) noexcept;

  uint32_t in_flight() const noexcept { return count_; }
  /// Expected service of all in flight.
  double sum_ms() const noexcept { return sum_ms_; }
  /// When the site will have served them, ms on the clock of time_point.
  double free_ms() const noexcept { return free_ms_; }
  /// Time from now until all of it will have been served.
  double drain_ms(time_point now) const noexcept {
    return drain_ms(count_, sum_ms_, free_ms_, now);
  }
  static double drain_ms(uint32_t count, double sum_ms, double free_ms,
                         time_point now) noexcept;

private:
  static double ms(time_point t) noexcept {
    return to_ms(t.time_since_epoch());
  }

  double servers_;
  uint32_t count_ = 0;
  double sum_ms_ = 0;
  double free_ms_ = 0;
  double last_ms_ = 0; ///< earliest end of the one sent last
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
