// The worker processes of a node: which program, and what confines them.
#pragma once

#include "functions/isolated/isolated_runtime.hpp"
#include "tools/faas-node/config.hpp"

namespace faas::node {

struct node_workers {
  isolated::isolated_config config;
  std::string unsandboxed; ///< why there is no sandbox; empty: there is one

  /// The line of the node's banner.
  std::string banner(bool accepted) const;
};

/// Tries what this machine can enforce; some 10 ms.
node_workers find_workers(const config& settings,
                          const std::filesystem::path& program_folder);

} // namespace faas::node
