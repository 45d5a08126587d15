// The parts of a run that everything in it looks at.
#pragma once

#include "libfaas/sim/gateway.hpp"
#include "libfaas/sim/happening.hpp"
#include "libfaas/sim/presence.hpp"
#include "libfaas/sim/site_state.hpp"

#include <memory>
#include <vector>

namespace faas::sim {

struct stage {
  const scenario& world;
  std::vector<std::unique_ptr<gateway>> gateways;
  std::vector<site_state> sites;
  presence there;
  plan_of_run plan;
};

} // namespace faas::sim
