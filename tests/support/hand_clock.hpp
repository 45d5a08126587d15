// A clock that a test sets.
#pragma once

#include "libfaas/core/clock.hpp"

#include <chrono>

namespace faas::test {

struct hand_clock final : clock_source {
  time_point t{std::chrono::hours{1}};
  time_point now() const noexcept override { return t; }
  wall_time wall() const noexcept override {
    return wall_time{t.time_since_epoch()};
  }
};

} // namespace faas::test
