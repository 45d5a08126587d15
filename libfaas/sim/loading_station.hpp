// A station whose functions have to be loaded.
#pragma once

#include "libfaas/sim/residency.hpp"
#include "libfaas/sim/station.hpp"

#include <span>

namespace faas::sim {

/// An event there, ms; the cold start is within begin and end.
struct loaded_service {
  double begin = 0, end = 0, cold_ms = 0;
};

/// A station (see there) with a memory. An event that waits for memory keeps
/// its server, and those behind it wait, too. Thread rule: one owner.
class loading_station {
public:
  /// `from`: when the servers are free for the first time; nothing is loaded.
  loading_station(const site_law& site, std::span<const function_law> functions,
                  double from = 0)
    : servers_(site.servers, site.disturbance, from),
      memory_(site, functions) {}

  /// An event arrives with that much work (ms at factor 1).
  loaded_service admit(double now, size_t function, double work) {
    const auto free = free_for(now);
    const auto how = memory_.load(function, now, free);
    if (how.begin > free)
      held_until_ = how.begin;
    const auto served = servers_.admit(how.begin, work + how.cold_ms);
    memory_.used(function, served.end);
    return {served.begin, served.end, how.cold_ms};
  }
  /// The same without serving it.
  loaded_service look(double now, size_t function, double work) const {
    const auto how = memory_.look(function, now, free_for(now));
    const auto served = servers_.look(how.begin, work + how.cold_ms);
    return {served.begin, served.end, how.cold_ms};
  }

private:
  /// When a server is free for who arrives now; nobody overtakes.
  double free_for(double now) const noexcept {
    return std::max({now, held_until_, servers_.free_from()});
  }

  station servers_;
  residency memory_;
  double held_until_ = 0; ///< by an event that waits for memory
};

} // namespace faas::sim
