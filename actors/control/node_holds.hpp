// On which nodes the controller has versions held in memory.
#pragma once

#include "actors/control/controller_core.hpp"
#include "libfaas/core/clock.hpp"
#include "libfaas/scaling/spread.hpp"
#include "libfaas/wire/messages.hpp"

#include <map>
#include <string>

namespace faas::actors {

/// What nodes say of the load of versions that may leave the memory, and a
/// scaling::spread for each that has any. In memory only: a controller that
/// starts again knows what nodes say within seconds. Pure; not thread safe.
class node_holds {
public:
  /// What a node said so long ago counts no more; it repeats itself each second
  /// while there is something to say.
  static constexpr auto lasting = std::chrono::seconds{4};

  void note(const node_name& node, const wire::loads& said, time_point now);
  /// True when a version is held elsewhere than before.
  bool decide(time_point now, const controller_core& core);
  void stamp(cluster_view& view) const;
  /// One line; empty when nothing is to be said.
  std::string why(const version_ref& version) const;

private:
  struct seen {
    wire::version_load load;
    time_point at{};
  };
  struct entry {
    std::map<node_name, seen> nodes;
    std::optional<scaling::spread> rule; ///< since the first decision
    scaling::spread_choice choice;
  };
  /// False when there is nothing left to decide.
  bool decide(time_point now, const hold_candidates& with, entry& of);

  std::map<version_ref, entry> versions_;
};

} // namespace faas::actors
