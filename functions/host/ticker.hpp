// Calls something at an interval, on one thread.
#pragma once

#include "libfaas/core/clock.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace faas::host {

class ticker {
public:
  ~ticker() { stop(); }
  /// Once; `what` must not block for long.
  void start(duration every, std::function<void(time_point)> what);
  /// Waits for a call that goes on. Not from `what` itself.
  void stop();
  bool running() const noexcept { return thread_.joinable(); }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace faas::host
