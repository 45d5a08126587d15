// Joining and renewing, as a node that asks. Blocking calls with deadlines.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/trust/identity.hpp"
#include "libfaas/trust/rules.hpp"
#include "libfaas/trust/token.hpp"

#include <string>

namespace faas::tunnel {

/// Asks the token's addresses in turn for a certificate of `key`. The server
/// must prove to be of the cluster that the token pins. errc::unavailable (no
/// address answers, with the reasons), errc::forbidden (it is another cluster,
/// or someone in between), and the authority's errors.
result<trust::node_identity> join_cluster(const trust::join_token& token,
                                          const std::string& key,
                                          const node_name& node, wall_time now);

/// Which certificates are revoked, from the controller's node: by serial.
result<trust::taken_serials>
fetch_revoked(const trust::node_identity& present);

/// A new key and certificate for a node that has a valid one.
result<trust::node_identity>
renew_identity(const trust::node_identity& present);

} // namespace faas::tunnel
