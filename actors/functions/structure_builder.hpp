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
  /// Where events may wait for versions that are being brought here.
  std::map<version_ref, std::shared_ptr<pending_host>> pending = {};
  std::vector<std::shared_ptr<peer>> peers;
};

/// Pure: for each version that runs, of functions with one in service, its sites: this node when its host is
/// ready, and each connected peer whose placement is ready. When there is
/// none, the reason for people. Where there is one, those that the version is
/// being brought to and that say how far it is are sites, too (`deploying`).
structure build_structure(const known_state& known);

/// Another node has it ready, so that its events have a choice.
bool served_elsewhere(const known_state& known, const version_ref& version);

/// "edge-1/cpu"
site_name cpu_site(const node_name& node);

} // namespace faas::actors
