// What a node holds to prove who it is. Plain data.
#pragma once

#include "libfaas/ports/peer_links.hpp"

#include <string>
#include <vector>

namespace faas::trust {

/// The key and certificate of a cluster's authority, as PEM.
struct authority_keys {
  std::string cluster; ///< id
  std::string key;
  std::string certificate;
  bool operator==(const authority_keys&) const = default;
};

/// A node's own. Kept as one file, so that key and certificate always match.
struct node_identity {
  std::string cluster;
  peer_identity self;
  std::string tier;                   ///< from the token; empty: free
  std::vector<std::string> addresses; ///< "host:port" of the controller's node
  std::string key;                    ///< PEM; secret
  std::string certificate;            ///< PEM
  std::string authority;              ///< certificate of the CA, PEM
  bool operator==(const node_identity&) const = default;
};

} // namespace faas::trust
