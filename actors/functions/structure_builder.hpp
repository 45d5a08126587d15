// From desired state and what is known of nodes to the structure that events
// are routed by.
#pragma once

#include "actors/interfaces.hpp"

#include <map>

namespace faas::actors {

/// What one node knows; all inputs of the structure.
struct known_state {
  node_name self;
  uint32_t executors = 1; ///< threads of this node, its servers
  local<cluster_view> view;
  std::map<version_ref, std::shared_ptr<function_host>> hosts; ///< ready here
  std::map<version_ref, placement> own; ///< of this node, newer than the view
  std::vector<std::shared_ptr<peer>> peers;
};

/// Pure: for each version that runs, of functions with one in service, its sites: this node when its host is
/// ready, and each connected peer whose placement is ready. When there is
/// none, the reason for people.
structure build_structure(const known_state& known);

/// "edge-1/cpu"
site_name cpu_site(const node_name& node);

} // namespace faas::actors
