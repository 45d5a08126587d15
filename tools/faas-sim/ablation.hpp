// The predictor and its policy without one of their ingredients.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/sim/world.hpp"

#include <span>
#include <string_view>

namespace faas::sim {

struct ablation {
  std::string_view name, what;
  void (*apply)(run_options& how);
};

std::span<const ablation> ablations() noexcept;

/// Takes that ingredient away. errc::invalid_argument for an unknown name.
result<void> ablate(run_options& how, std::string_view name);

} // namespace faas::sim
