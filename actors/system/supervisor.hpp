// Watches the service actors of a node.
#pragma once

#include "actors/system/census.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <functional>
#include <string>

namespace faas::actors {

/// Tells `on_fault` when an actor that it watches ends. What may be replaced
/// is replaced by its owner: lanes by their port, function actors by the agent,
/// links by membership. Services (controller, agent, membership, predictor,
/// keeper) hold state that others rely on; when one of them ends unasked, the
/// node ends in order, with the name and reason, and is started again.
caf::actor spawn_supervisor(caf::actor_system& system, census& counters,
                            std::function<void(std::string)> on_fault);

/// Adds an actor under a name for people.
void watch(const caf::actor& supervisor, std::string name, caf::actor service);

} // namespace faas::actors
