// Waiting time at a site, seen from one router.
#pragma once

#include "libfaas/core/clock.hpp"

#include <cstdint>

namespace faas::routing {

/// Expected wait of one more event behind `in_flight` own events with
/// `outstanding_ms` of expected service left, at a site with `servers` equal
/// servers (FCFS): max(0, (n - c + 1) / n * outstanding / c).
double own_wait_ms(uint32_t in_flight, double outstanding_ms,
                   double servers) noexcept;

/// Waiting work of other routers, reported `age_ms` ago: fades with
/// exp(-age / 500 ms), because a report says little about a queue of later.
double external_wait_ms(double reported_ms, double age_ms) noexcept;

/// One router's own work at one site: exact, because each start and end is its
/// own. Not thread safe; one per gateway loop and site.
class site_load {
public:
  /// An event whose service will take `expected_ms` was sent.
  void start(double expected_ms, time_point now) noexcept;
  /// It returned or was given up: the same `expected_ms` as at its start.
  void finish(double expected_ms, time_point now) noexcept;

  uint32_t in_flight() const noexcept { return count_; }
  /// Expected service left: the sum less what the oldest has had already.
  double outstanding_ms(time_point now) const noexcept;

private:
  uint32_t count_ = 0;
  double sum_ms_ = 0;
  time_point progress_{}; ///< last start on an idle site, or last finish
};

} // namespace faas::routing
