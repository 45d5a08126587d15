// The events of a run without the run: for what plays a scenario elsewhere than
// in the simulator, and for looking at a scenario.
#pragma once

#include "libfaas/sim/draw.hpp"

#include <vector>

namespace faas::sim {

/// The events that run() (world.hpp) meets with this seed, those of the warm-up
/// included, by time.
std::vector<draw> draw_events(const scenario& world, uint64_t seed);

/// The same scenario in another time: its length, its warm-up and the times of
/// its disturbances in proportion; rates, sizes, links and cold starts as they
/// were. `length_ms` is over 0.
scenario in_time(scenario world, double length_ms);

} // namespace faas::sim
