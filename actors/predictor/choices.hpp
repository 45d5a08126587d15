// Where predictions decide.
#pragma once

#include "actors/predictor_messages.hpp"

#include <string_view>

namespace faas::actors {

/// Whether a function with that policy compares predictions of sites. One that
/// is not known to this node is run as min-latency, which does.
bool compares_sites(std::string_view policy);

/// Whether there are sites to compare for its events. Only then it is worth
/// asking one that gets none.
inline bool has_choice(const structure::function& of) {
  return of.targets.size() > 1 && compares_sites(of.spec.petrel.policy);
}

} // namespace faas::actors
