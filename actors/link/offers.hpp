// Whom of its peers a node asks for bundles and secrets.
#pragma once

#include "actors/link/known_links.hpp"
#include "actors/system/census.hpp"

namespace faas::actors {

// The answers may be used on any thread, and do nothing once a link is of no
// use. `counters` must outlive them.

bundle_peers bundles_of(const known_links& links, bulk_links* bulk,
                        census& counters);
/// A controller's node.
secret_source secrets_of(const known_link& link, census& counters);
/// This node's own controller.
secret_source secrets_of(const controller_actor& controller,
                         const vault_actor& vault, const node_name& self,
                         census& counters);

} // namespace faas::actors
