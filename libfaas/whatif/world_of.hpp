// A world to play: the recording's laws and events, with what is changed.
#pragma once

#include "libfaas/sim/world.hpp"
#include "libfaas/whatif/change.hpp"
#include "libfaas/whatif/laws.hpp"

namespace faas::whatif {

/// Sites keep their order; dropped ones are left out, added ones come last.
/// What is drawn depends on the seed alone: what an event meets at a site where it
/// did not run, copies and thinning for the rate and for a sampled log. An
/// event meets again what it met where it ran. errc::invalid_argument when no site is
/// left.
result<sim::scenario> world_of(const recording& from, const laws& known,
                               const change& what, double warm_up_ms,
                               uint64_t seed);

/// Policies by function: `name` for each, or what was logged when it is empty.
/// "static:SITE" names one of the world's sites. errc::invalid_argument for no
/// policy that nodes or the simulator have.
result<sim::policy_maker> policies_of(const recording& from,
                                      const sim::scenario& world,
                                      const std::string& name);

/// Copies of an event for a higher rate, and for those that a sample left out,
/// come up to so much earlier or later, all of one pass by the same time.
inline constexpr double most_shift_ms = 2000;

} // namespace faas::whatif
