// Which nodes have come back.
#pragma once

#include "libfaas/core/id.hpp"

#include <map>
#include <vector>

namespace faas::actors {

/// A node that was gone, or was started anew, may be slower or faster than what
/// was learned of it. Told of all links each time, it says which nodes have come
/// back. Remembers each node that it was ever told of. Not thread safe.
class returning_nodes {
public:
  struct link {
    boot_id boot;       ///< of the process at the other end
    bool usable = true; ///< events may go there now
  };
  /// All links that there are now; a node that is not among them is gone.
  using links = std::map<node_name, link>;

  /// The nodes that may be used now, and since the last time when they could be
  /// were out of use or are another process. Each return is told once; a node
  /// that comes for the first time has not returned.
  std::vector<node_name> look(const links& now) {
    std::vector<node_name> back;
    for (auto& [node, of] : known_)
      if (const auto at = now.find(node); at == now.end() || !at->second.usable)
        of.gone = true;
    for (const auto& [node, link] : now) {
      if (!link.usable)
        continue;
      const auto [at, first] = known_.try_emplace(node, known{link.boot});
      auto& of = at->second;
      if (!first && (of.gone || of.boot != link.boot))
        back.push_back(node);
      of = {link.boot};
    }
    return back;
  }

private:
  struct known {
    boot_id boot;
    bool gone = false;
  };
  std::map<node_name, known> known_; ///< those that could be used once
};

} // namespace faas::actors
