// A scenario and its runs as text that other programs read: faas-lab plays the
// same events on real nodes.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/sim/scenario.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>

namespace faas::sim {

/// The scenario with its defaults, as JSON. Times in ms, factors over 1 as
/// written in the file.
void print_scenario(std::ostream& out, const scenario& world);

/// Its events with that seed, as CSV with a first line of names.
void print_events(std::ostream& out, const scenario& world, uint64_t seed);

/// What becomes of them under a policy ("clairvoyant", "informed",
/// "farsighted" and "static:SITE", too), as CSV; those of the warm-up are left
/// out.
/// errc::invalid_argument for a name that is no policy or no site.
result<void> print_run(std::ostream& out, const scenario& world, uint64_t seed,
                       const std::string& policy);

} // namespace faas::sim
