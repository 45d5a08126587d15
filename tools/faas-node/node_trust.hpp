// What a node proves with, and on the controller's node what it lets others
// prove with.
#pragma once

#include "gateway/tunnel/authority.hpp"
#include "libfaas/trust/identity.hpp"
#include "registry/trust/folder_trust_store.hpp"
#include "registry/trust/identity_files.hpp"
#include "tools/faas-node/config.hpp"

#include <filesystem>
#include <memory>

namespace faas::node {

/// Members in order of construction.
struct node_trust {
  std::unique_ptr<registry::identity_files> files;
  std::unique_ptr<trust_store> store;           ///< with the CA only
  std::unique_ptr<tunnel::authority> authority; ///< likewise
  trust::node_identity identity;
  trust::taken_serials revoked; ///< as last heard; without the CA
};

/// Reads data/trust. A node that has joined gets from it what its token and its
/// cluster say: name, tier, cluster, addresses, no controller. A node with the
/// controller makes the cluster's CA at its first start, or takes the one that
/// the controllers of its Redis share. errc::invalid_argument
/// when it has neither, or when `settings` contradict it.
result<node_trust> open_trust(const std::filesystem::path& data,
                              config& settings, const clock_source& clock);

/// Where other nodes shall dial this one, which listens on `port`.
std::vector<std::string> addresses_of(const config& settings, uint16_t port);

/// node.name, or one made from the host's name.
std::string name_of(const config& settings);

} // namespace faas::node
