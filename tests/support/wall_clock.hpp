// Monotonic time as it is, wall time as a test sets it.
#pragma once

#include "libfaas/core/clock.hpp"

#include <atomic>

namespace faas::test {

class wall_clock final : public clock_source {
public:
  time_point now() const noexcept override {
    return std::chrono::steady_clock::now();
  }
  wall_time wall() const noexcept override {
    return wall_time{wall_time::duration{ahead.load()}
                     + std::chrono::system_clock::now().time_since_epoch()};
  }
  void advance(std::chrono::seconds by) {
    ahead += wall_time::duration{by}.count();
  }

private:
  std::atomic<wall_time::rep> ahead{0};
};

} // namespace faas::test
