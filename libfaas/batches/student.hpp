// Student's t with four degrees of freedom: noise with heavy tails.
#pragma once

#include "libfaas/core/random.hpp"

#include <algorithm>
#include <cmath>

namespace faas::batches {

/// Heavy tails, yet a finite variance; with four the chi-square that divides
/// the normal has a closed form.
inline constexpr double tail_freedom = 4;

/// Weight of an innovation `nu` whose squared scale is `spread`: 1 near the
/// centre, less far out (Lange, Little, Taylor 1989; capped).
inline double tail_weight(double nu, double spread) noexcept {
  return std::min(1.0, (tail_freedom + 1) / (tail_freedom + nu * nu / spread));
}

/// Log density at `nu` for a squared scale `spread`.
inline double tail_log_density(double nu, double spread) noexcept {
  // Gamma(5/2) / (Gamma(2) sqrt(4 pi)) = 3/8
  return std::log(0.375) - std::log(spread) / 2
         - (tail_freedom + 1) / 2 * std::log1p(nu * nu / spread / tail_freedom);
}

/// A draw of scale 1.
inline double draw_tail(random_source& random) noexcept {
  const double chi_square
    = -2 * std::log((1 - random.uniform()) * (1 - random.uniform()));
  return random.normal() / std::sqrt(chi_square / tail_freedom);
}

} // namespace faas::batches
