// Which bundles are needed, and what for.
#pragma once

#include "libfaas/ports/catalog.hpp"

#include <map>
#include <string>
#include <vector>

namespace faas::bundles {

/// One reason to keep a bundle.
struct use {
  std::string user; ///< "hello:3"
  std::string why;  ///< "current version of hello"
  bool spare = false; ///< no more than an older version that is kept
  bool operator==(const use&) const = default;
};
using use_map = std::map<digest, std::vector<use>>;

/// A version that a node has, in whatever state.
struct placed_version {
  version_ref version;
  node_name node;
  std::vector<digest> bundles; ///< of all its platforms
};

/// Versions before the current one that stay deployable at once.
inline constexpr size_t rollback_targets = 3;

/// All bundles of a version: one per platform.
std::vector<digest> bundles_of(const function_version& version);

/// Current versions, aliases, weights, rollouts under way, the versions that a
/// rollback goes to (newer ones, and the rollback_targets before the current),
/// and what nodes have, also of functions that are removed already. Every other
/// version that is kept is a spare use.
use_map uses_of(const catalog_state& state,
                const std::vector<placed_version>& placed);

} // namespace faas::bundles
