// Scenarios as YAML files (docs/simulator.md).
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/sim/scenario.hpp"

#include <string_view>

namespace faas::sim {

/// Reads a scenario. errc::invalid_argument with a line for each thing that is
/// wrong: line of the file, key, what is allowed.
result<scenario> parse_scenario(std::string_view text);

} // namespace faas::sim
