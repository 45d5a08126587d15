// What one function version on one node should have: instances, or nothing.
#pragma once

#include "libfaas/scaling/keep_alive.hpp"
#include "libfaas/scaling/load_times.hpp"
#include "libfaas/scaling/tuner.hpp"

#include <algorithm>

namespace faas::scaling {

struct scale_limits {
  uint32_t least = 1; ///< instances, while it is in memory
  uint32_t most = 1;
  bool to_zero = false; ///< leaves the memory when it is idle
  keep_settings keep{};
  tuner_settings tuning{};
};

/// Counters since the start, and what is now.
struct scale_sample {
  uint64_t arrived = 0;
  uint64_t served = 0;
  duration service{}; ///< sum over those served
  uint32_t busy = 0;  ///< waiting and running
  uint64_t loads = 0; ///< measured, the deployment's among them
  duration load{};    ///< that the last of those took
};

struct scale_advice {
  bool in_memory = true;
  uint32_t instances = 1; ///< while it is
};

/// Looks at the counters from time to time; an event costs it nothing. Idle
/// times are as exact as the ticks are dense. Not thread safe.
class instance_scaler {
public:
  instance_scaler(const scale_limits& limits, time_point now);

  /// A `now` before an earlier one counts as that one.
  scale_advice tick(time_point now, const scale_sample& sample);
  /// Other limits from now on. With `leave` it is out of memory, as soon as
  /// nothing is busy, until another event has come.
  void rescale(time_point now, const scale_sample& sample,
               const scale_limits& limits, bool leave);
  /// As long as it is held it is in memory.
  void hold(bool held) noexcept { held_ = held; }
  bool held() const noexcept { return held_; }

  const scale_limits& limits() const noexcept { return limits_; }
  const keep_plan& plan() const noexcept { return plan_; }
  /// Arrivals per second that it scales by.
  double rate() const noexcept { return std::max(fast_, slow_); }
  duration service() const noexcept { return service_; }

private:
  void note_load(time_point now, const scale_sample& sample) noexcept;
  void plan_anew() noexcept;
  void measure(time_point now, const scale_sample& sample) noexcept;
  void note_activity(time_point now, const scale_sample& sample) noexcept;

  scale_limits limits_;
  tuner tuner_;
  idle_histogram idle_;
  keep_plan plan_;
  load_times loads_;
  time_point now_, active_, measured_;
  uint64_t arrived_ = 0;  ///< at the last tick
  scale_sample last_{};   ///< at the last measurement
  double fast_ = 0, slow_ = 0;
  duration service_{};
  bool held_ = false, dismissed_ = false;
};

} // namespace faas::scaling
