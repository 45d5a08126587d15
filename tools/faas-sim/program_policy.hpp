// Policies that are programs: docs/benchmark.md has what is said to them.
#pragma once

#include "libfaas/sim/scenario.hpp"
#include "libfaas/sim/world.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace faas::sim {

inline constexpr std::string_view program_prefix = "program:";

/// What the policies of one way and its caller share.
struct router_status {
  std::string command;
  uint64_t seed = 1; ///< of the next run
  std::chrono::milliseconds patience{5000}; ///< with an answer
  /// The first thing that a program did wrong. Events went to the first site
  /// from then on, so the run means nothing.
  std::optional<error> wrong;
};

/// Makes a program of `status->command` for each function of each gateway.
policy_maker program_policies(std::shared_ptr<router_status> status,
                              const scenario& world);

} // namespace faas::sim
