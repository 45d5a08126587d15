// Bulk connections beside links: who gets one, and what goes by it.
#pragma once

#include "actors/functions/pull_window.hpp"
#include "actors/link/known_links.hpp"
#include "actors/link/membership.hpp"
#include "libfaas/ports/bulk_links.hpp"
#include "libfaas/wire/codec.hpp"

namespace faas::actors {

/// Whoever dialled the link dials bulk. `bulk` may be null.
inline void want_bulk(bulk_links* bulk, const known_link& link,
                      const std::vector<node_endpoint>& join) {
  if (bulk == nullptr || link.protocol < wire::protocol_with_bulk)
    return;
  bulk_peer peer{link.hello.node, link.hello.boot, {}};
  if (link.dialled) {
    const auto& to = join[*link.dialled];
    peer.address = to.host + ":" + std::to_string(to.port);
  }
  bulk->want(peer);
}

inline void forget_bulk(bulk_links* bulk, const node_name& node) {
  if (bulk != nullptr)
    bulk->forget(node);
}

/// A node that may have bundles. `ask` sends questions over its link.
inline bundle_peer
peer_with_bundles(const known_link& link, bulk_links* bulk,
                  std::function<bool(wire::bundle_request)> ask) {
  bundle_peer made;
  made.node = link.hello.node;
  made.rtt = [gate = link.gate] { return duration{gate->rtt_ns.load()}; };
  made.ask = std::move(ask);
  made.by_bulk = [bulk, node = link.hello.node] {
    return bulk != nullptr && bulk->carries(node);
  };
  return made;
}

/// True: the message has gone that way, or was dropped because too much waits
/// there already (it is asked for again). False: it is to go over the link,
/// whose frames are shorter: cut, the rest is asked for again. `bulk` may be
/// null.
inline bool answer_by_bulk(bulk_links* bulk, const node_name& to,
                           wire::message& what) {
  auto* chunk = std::get_if<wire::bundle_chunk>(&what);
  if (chunk == nullptr)
    return false;
  if (bulk != nullptr && bulk->carries(to)) {
    (void) bulk->send(to, bulk_topic::bundle, wire::encode(what));
    return true;
  }
  if (chunk->bytes.size() > pull_window::chunk_bytes)
    chunk->bytes.resize(pull_window::chunk_bytes);
  return false;
}

} // namespace faas::actors
