// The actor of one function version on one gateway loop.
#pragma once

#include "actors/system/census.hpp"
#include "libfaas/ports/function_host.hpp"

#include <caf/fwd.hpp>

#include <atomic>
#include <memory>
#include <vector>

namespace faas::actors {

/// What a lane gets: one event for a host of this node. If the lane dies, the
/// box dies with it and the completion reports "abandoned".
struct event_box {
  invocation event;
  completion done;
  std::shared_ptr<function_host> host;
};
using lane_event = std::shared_ptr<event_box>;
/// Events that came together, in one message.
using lane_batch = std::shared_ptr<std::vector<event_box>>;

/// Shared with the lane's owner, who sees a lane that died and makes another.
struct lane_health {
  std::atomic<bool> dead{false};
};

/// Spawns a lane. It has no timers, requests or monitors, whose messages would
/// arrive on scheduler threads. Its owner feeds it from one loop (or one actor)
/// only, and ends it by close_lane(), or at once with an exit message.
caf::actor spawn_lane(caf::actor_system& system, census& counters,
                      std::shared_ptr<lane_health> health);

/// Ends it after the events that it has been fed (an exit message overtakes
/// them).
void close_lane(const caf::actor& lane, caf::execution_unit* unit);

/// Enqueues one event; `unit` runs the lane (null: the scheduler).
void feed_lane(const caf::actor& lane, census& counters, lane_event event,
               caf::execution_unit* unit);
void feed_lane(const caf::actor& lane, census& counters, lane_batch events,
               caf::execution_unit* unit);

} // namespace faas::actors
