// A run of the simulator as the decisions that a node would have logged.
#pragma once

#include "libfaas/decisions/record.hpp"
#include "libfaas/sim/world.hpp"

#include <string>
#include <vector>

namespace faas::whatif {

/// Plays `world`, which has one gateway, under the policy of that name that
/// `how` makes. Records are as a log keeps them, by time of decision; those of
/// the warm-up are there, too. `share` of the events are kept.
std::vector<decisions::record> simulated_log(const sim::scenario& world,
                                             sim::run_options how,
                                             const std::string& policy,
                                             double share = 1);

} // namespace faas::whatif
