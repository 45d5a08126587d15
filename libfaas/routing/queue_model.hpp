// Waiting time at a site and in front of a link, seen from one router.
#pragma once

#include "libfaas/core/clock.hpp"

#include <cstdint>

namespace faas::routing {

/// Expected wait of one more event behind `in_flight` own events that take
/// `drain_ms` from now until all are served, at a site with `servers` equal
/// servers (FCFS): max(0, (n - c + 1) / n * drain - transit). While the event
/// travels for `transit_ms`, those ahead of it are served.
double own_wait_ms(uint32_t in_flight, double drain_ms, double servers,
                   double transit_ms) noexcept;

/// Waiting work of other routers, reported `age_ms` ago: fades with
/// exp(-age / 500 ms), because a report says little about a queue of later.
double external_wait_ms(double reported_ms, double age_ms) noexcept;

/// One router's own work at one site: exact in what was sent and what came
/// back, since each start and end is its own. Not thread safe; one per gateway
/// loop and site.
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
  /// Time from now until all of it will have been served.
  double drain_ms(time_point now) const noexcept;

private:
  static double ms(time_point t) noexcept {
    return to_ms(t.time_since_epoch());
  }

  double servers_;
  uint32_t count_ = 0;
  double sum_ms_ = 0;  ///< expected service of all in flight
  double free_ms_ = 0; ///< when the site will have served them
  double last_ms_ = 0; ///< earliest end of the one sent last
};

/// One router's bytes on one link: how many are still ahead of the next event,
/// by what was sent and the link's estimated rate. Not thread safe; one per
/// gateway loop (or link actor) and link.
class link_load {
public:
  void send(double bytes, double ms_per_byte, time_point now) noexcept;
  double backlog_bytes(double ms_per_byte, time_point now) const noexcept;

private:
  double free_ms_ = 0;
};

} // namespace faas::routing
