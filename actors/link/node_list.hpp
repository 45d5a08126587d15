// The nodes as people see them from here.
#pragma once

#include "actors/control/controller_core.hpp"
#include "libfaas/wire/messages.hpp"

#include <map>
#include <vector>

namespace faas::actors {

/// What is remembered of nodes beside their links. Pure; membership's thread.
class node_list {
public:
  static node_status status_of(const wire::hello& of, node_state state);

  /// Those that were linked to this node and are gone.
  const std::map<node_name, wire::hello>& lost() const noexcept {
    return lost_;
  }
  void connected(const node_name& node) { lost_.erase(node); }
  void lost(const wire::hello& node) { lost_[node.node] = node; }
  /// What the controller says of all nodes. One that it does not name any more
  /// was removed.
  void told(const std::vector<node_record>& nodes);

  /// Adds duty and note.
  void complete(node_status& status) const;
  /// Nodes without a link that are known all the same.
  std::vector<node_status> away(const std::vector<node_status>& here) const;

private:
  std::map<node_name, wire::hello> lost_;
  std::map<node_name, node_record> told_;
};

} // namespace faas::actors
