// On which nodes a function version is held in memory.
#pragma once

#include "libfaas/core/id.hpp"
#include "libfaas/scaling/tuner.hpp"

#include <set>
#include <string>
#include <vector>

namespace faas::scaling {

/// A node that may run the version, and what it sees of its events.
struct spread_node {
  node_name node;
  uint32_t slots = 1;  ///< instances that it can have
  double rate = 0;     ///< arrivals per second
  duration service{};  ///< mean; zero: not known
};

struct spread_choice {
  std::set<node_name> held; ///< empty: each node decides by itself
  uint32_t instances = 0;   ///< needed for all arrivals, at most all slots
  std::string why;          ///< one line, for people
};

/// For one version that leaves the memory when it is idle. While the slots of
/// one node are enough for all arrivals, by the tuner's rule, each node keeps
/// itself; when they are not, the least number of nodes that are enough is held
/// in memory: at once, so that a node is warm before events must go there, and
/// for the hold time after the load. Nodes that are held stay before others that
/// see events, then the quicker ones, then those with more slots. Not thread
/// safe.
class spread {
public:
  explicit spread(tuner_settings settings) noexcept
    : hold_(settings.hold), tuner_(settings) {}

  /// `nodes`: those that the version fits, each once. A `now` before an earlier
  /// one counts as that one.
  spread_choice decide(time_point now, std::vector<spread_node> nodes);

private:
  void sort(std::vector<spread_node>& nodes) const;

  duration hold_;
  tuner tuner_;
  std::set<node_name> held_; ///< at the last decision
};

} // namespace faas::scaling
