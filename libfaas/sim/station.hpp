// A site that serves one event per server.
#pragma once

#include "libfaas/sim/schedule.hpp"

#include <vector>

namespace faas::sim {

/// When an event is served.
struct service_time {
  double begin = 0, end = 0; ///< ms
};

/// c servers that share one queue, first come first served, at a speed that a
/// schedule changes. Since nobody overtakes, an event's times are known when it
/// arrives. Events must be admitted in the order of their arrival.
class station {
public:
  /// `from`: when the servers are free for the first time.
  explicit station(size_t servers, schedule slowdown = {}, double from = 0);

  /// An event arrives with that much work (ms at factor 1).
  service_time admit(double now, double work);
  /// The same without serving it: when it would begin and end.
  service_time look(double now, double work) const noexcept;
  /// Servers that are busy at that time, at most all.
  size_t busy(double now) const noexcept;
  size_t servers() const noexcept { return free_.size(); }
  /// When the first of them is free.
  double free_from() const noexcept { return free_.front(); }

private:
  schedule slowdown_;
  std::vector<double> free_; ///< heap: when each server is free, soonest first
};

} // namespace faas::sim
