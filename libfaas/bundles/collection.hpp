// What of a store's bundles to remove.
#pragma once

#include "libfaas/bundles/uses.hpp"
#include "libfaas/ports/bundle_store.hpp"

#include <set>

namespace faas::bundles {

struct collection_rules {
  uint64_t quota = 0; ///< bytes; 0: none
  /// Time between an upload (or the question whether a bundle is here) and the
  /// deploy that makes it needed.
  duration recent = std::chrono::hours{1};
};

/// What a store has.
struct inventory {
  std::vector<stored_bundle> bundles;
  std::vector<stored_upload> uploads; ///< count with what they will have
  std::set<digest> pinned;            ///< in use on this node
};

/// Pure: every bundle with its fate and the reasons, those to be removed
/// marked. What goes first is what was asked for longest ago, unused ones
/// before spare ones. errc::storage_full when make_room cannot free enough; the
/// message says how much could be, and nothing is to be removed then.
result<bundles_status> plan_collection(const inventory& store,
                                       const use_map& uses,
                                       const collection_rules& rules,
                                       const bundles_command& command,
                                       wall_time now);

} // namespace faas::bundles
