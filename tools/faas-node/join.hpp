// `faas-node join TOKEN`.
#pragma once

#include "libfaas/trust/identity.hpp"
#include "tools/faas-node/config.hpp"

namespace faas::node {

/// Makes this node's key, gets its certificate from the cluster that the token
/// names, and keeps both in the data folder (mode 0600). The same call may be
/// repeated after a crash or a lost answer. A node of the same cluster that
/// joins again keeps its key. Blocks, at most 10 s per address.
/// errc::conflict when the folder belongs to another cluster, and the errors of
/// tunnel::join_cluster.
result<trust::node_identity> join(const config& settings,
                                  const std::string& token);

} // namespace faas::node
