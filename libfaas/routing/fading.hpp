// How much is left of what fades.
#pragma once

#include <cmath>

namespace faas::routing {

/// exp(-x) for x >= 0, to 1e-7: most of the time that has passed is short, and
/// there the series is ten times faster.
inline double left_after(double x) noexcept {
  constexpr double small = 0.1, third = 1.0 / 3;
  return x < small ? 1 - x * (1 - 0.5 * x * (1 - third * x * (1 - 0.25 * x)))
                   : std::exp(-x);
}

/// 1 - exp(-x) for x >= 0, to a relative 1e-6.
inline double gone_after(double x) noexcept {
  constexpr double small = 0.1, third = 1.0 / 3;
  return x < small ? x * (1 - 0.5 * x * (1 - third * x * (1 - 0.25 * x)))
                   : -std::expm1(-x);
}

} // namespace faas::routing
