// What a policy would choose, for people: nothing is sent.
#pragma once

#include "libfaas/routing/decision.hpp"

#include <cstddef>
#include <span>

namespace faas::routing {

/// Positions among the candidates given.
struct foretold {
  static constexpr size_t none = ~size_t{0};
  size_t best = none;      ///< none: the policy takes none of them
  size_t runner_up = none; ///< what it would take without the best
};

/// What `rule` chooses for such an event if it tries nothing out. `rule` is one
/// that foretells (policy::foretells), made for this: what it would learn from
/// the question is lost on the loops. Where it draws among several, the one that
/// it ranks first. More than max_candidates go through a shortlist. The same
/// question gets the same answer.
foretold foretell(std::span<const candidate> all, event_features event,
                  policy& rule, time_point now);

} // namespace faas::routing
