// The actor that carries a link's effects out.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/system/census.hpp"
#include "libfaas/wire/link_core.hpp"

#include <caf/actor.hpp>

namespace faas::actors {

struct link_config {
  uint64_t number = 0; ///< tells links apart in link_changed
  wire::hello self;
  wire::link_options options;
  /// Dialled: the peer's membership, which gets our hello. Accepted: the
  /// peer's link, whose hello `first` is.
  caf::actor remote;
  std::optional<wire_frame> first;
  routing_board* board = nullptr;
  census* counters = nullptr;
  const clock_source* clock = nullptr;
  predictor_actor predictor;
  /// Reports to membership; must not block.
  std::function<void(local<link_changed>)> changed;
  std::function<void(local<control_arrived>)> control;
};

/// One per connected peer. Runs the peer's events on this node's hosts through
/// lanes of its own.
link_actor spawn_link(caf::actor_system& system, link_config config);

} // namespace faas::actors
