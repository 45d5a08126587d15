// The lanes through which a peer's events reach this node's hosts.
#pragma once

#include "actors/routing/board.hpp"
#include "actors/routing/lane.hpp"
#include "actors/system/census.hpp"

#include <caf/actor_system.hpp>

#include <map>
#include <memory>

namespace faas::actors {

/// One lane per version, on the scheduler. Part of a link; its thread only.
class lane_feeder {
public:
  lane_feeder(caf::actor_system& system, routing_board& board, census& counters,
              node_name self)
    : system_(system),
      board_(board),
      counters_(counters),
      self_(std::move(self)) {}

  /// Takes an event for the next feed(); answers it when its version does not
  /// run here.
  void add(invocation&& event, completion&& done);
  /// What one turn brought goes to each lane in one message. Lanes of versions
  /// that this node runs no more are let go.
  void feed();
  /// Ends all lanes.
  void close();

private:
  struct slot {
    caf::actor actor;
    std::shared_ptr<lane_health> health;
    lane_batch events;
  };
  void forget_old();

  caf::actor_system& system_;
  routing_board& board_;
  census& counters_;
  node_name self_;
  std::map<version_ref, slot> lanes_;
  std::shared_ptr<const routing_table> table_; ///< for the present turn
  uint64_t swept_ = 0; ///< number of the table that lanes were checked with
};

} // namespace faas::actors
