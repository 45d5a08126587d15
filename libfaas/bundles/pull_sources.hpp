// Which node to ask for a bundle.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace faas::bundles {

/// A node that can be asked now.
struct candidate {
  node_name node;
  duration rtt{};
};

/// One bundle's way through the nodes: the nearest first; one that does not
/// have it, does not answer or sent wrong bytes is left for the next. When the
/// bytes were wrong and came from several nodes, nobody knows whose: then they
/// are thrown away, and from now on each node is asked for the whole. Pure; not
/// thread safe.
class pull_sources {
public:
  /// Whom to ask now; nullopt when nobody is left.
  std::optional<node_name> choose(const std::vector<candidate>& now);
  const std::optional<node_name>& current() const noexcept { return current_; }

  /// Bytes of the current one were kept.
  void gave() {
    if (current_)
      givers_.insert(*current_);
  }
  /// Bytes that are here already came from nobody knows whom.
  void found_some() noexcept { unknown_giver_ = true; }
  /// The current one is of no use for this bundle. True: what it gave must be
  /// thrown away, since the next one is to be asked for the whole.
  bool failed(std::string why);
  /// All bytes were there and were not the bundle.
  void wrong();
  /// "edge-1: not_found; cloud-1: no answer": for people.
  const std::string& reasons() const noexcept { return reasons_; }

private:
  void leave(const node_name& node, const std::string& why);

  std::optional<node_name> current_;
  std::set<node_name> left_;   ///< not asked again
  std::set<node_name> givers_; ///< of the bytes that are here
  bool unknown_giver_ = false;
  bool whole_ = false; ///< no mixing any more
  std::string reasons_;
};

} // namespace faas::bundles
