// Management of who belongs to the cluster, as the API sees it.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"

#include <string>
#include <vector>

namespace faas {

struct made_token {
  std::string text; ///< secret until used
  wall_time expires{};
};

/// On the controller's node. Any thread; calls block on the disk.
class cluster_authority {
public:
  virtual ~cluster_authority() = default;
  /// A token for one node, durable before it is answered. `addresses`: where
  /// that node shall dial; empty: where this one listens. errc::unavailable
  /// when it does not listen, errc::invalid_argument, errc::overloaded.
  virtual result<made_token> make_token(const std::string& tier, duration life,
                                        std::vector<std::string> addresses)
    = 0;
  /// Takes a node's certificates back: its links end within seconds.
  /// errc::not_found, errc::conflict (this node itself).
  virtual result<void> revoke(const node_name& node) = 0;
};

} // namespace faas
