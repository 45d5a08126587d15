// A calibrated CPU task that tells how slow this node's CPU is now, without a
// user's event.
#pragma once

#include "libfaas/core/clock.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace faas::actors {

/// Runs one probe at a time on a thread of its own, when asked. The task is
/// long enough to feel a CPU quota (several periods of up to 40 ms), and is
/// given up after a bound of wall time. Thread safe.
class cpu_probe {
public:
  /// `report` gets the slow-down (1 = as at calibration) on the probe's thread.
  /// Calibrates on first use.
  explicit cpu_probe(std::function<void(double)> report);
  ~cpu_probe();

  /// Asks for one probe; nothing happens while one runs.
  void request();

private:
  void serve();
  double measure();

  std::function<void(double)> report_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool wanted_ = false;
  bool ending_ = false;
  double unit_ms_ = 0; ///< wall time of one chunk at calibration
  std::thread thread_;
};

} // namespace faas::actors
