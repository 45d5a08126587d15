// Coming back a little before a deadline.
#pragma once

#include "libfaas/core/clock.hpp"

#include <algorithm>

namespace faas {

/// When a call must have come back so that its thread is not taken for lost: a
/// little before its deadline (5 % of what remained at `start`, 2 to 50 ms).
inline time_point back_before(time_point deadline, time_point start) noexcept {
  using namespace std::chrono_literals;
  return deadline
         - std::clamp<duration>((deadline - start) / 20, 2ms, 50ms);
}

} // namespace faas
