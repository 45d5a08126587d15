// What the keeper is told: bundles, in blocking calls of its own thread.
#pragma once

#include "actors/once.hpp"
#include "libfaas/bundles/uses.hpp"
#include "libfaas/ports/bulk_links.hpp"
#include "libfaas/ports/bundle_store.hpp"
#include "libfaas/wire/messages.hpp"

#include <atomic>
#include <filesystem>
#include <functional>
#include <set>

namespace faas::actors {

/// Bundles of this node's store, and their collection; goes on to the keeper.
struct bundles_call {
  bundles_command command;
  once<bundles_status> done;
};
/// How far a bundle is that is got from other nodes: written by the keeper, read
/// by anybody. Nothing is known before the first bytes.
struct pull_progress {
  std::atomic<uint64_t> got{0};  ///< bytes that came this time
  std::atomic<uint64_t> left{0}; ///< bytes still to come
  std::atomic<int64_t> began_ns{0}, heard_ns{0}; ///< of time_point; last bytes
  std::atomic<bool> known{false}; ///< the above
};
struct need_bundle {
  digest bundle;
  std::function<void(result<std::filesystem::path>)> done;
  std::shared_ptr<pull_progress> progress = {}; ///< null: nobody looks
};
struct chunk_arrived {
  node_name from;
  wire::bundle_chunk chunk;
};
/// A peer wants part of a bundle.
struct chunk_wanted {
  wire::bundle_request request;
  std::function<void(wire::bundle_chunk)> answer;
};
/// A part of a bundle, not decoded yet, by a bulk connection.
struct bulk_arrived {
  bulk_arrival what;
};
/// What was on the way from that node by bulk is lost, or its answers come by
/// bulk from now on.
struct bulk_changed {
  node_name node;
  bool stands = false;
};
/// A connected node that may have what is not here.
struct bundle_peer {
  node_name node;
  std::function<duration()> rtt;
  /// False: it cannot be asked now.
  std::function<bool(wire::bundle_request)> ask;
  /// Its answers come by a bulk connection; null: never.
  std::function<bool()> by_bulk = {};
};
/// All of them.
struct bundle_peers {
  std::vector<bundle_peer> peers;
};
/// What this node runs or shall run: never dropped from its cache.
struct bundles_in_use {
  std::set<digest> bundles;
};
/// A bundles_call, with what the controller needs them for.
struct collect_bundles {
  bundles::use_map uses;
  bundles_call call;
};

} // namespace faas::actors
