// What is wanted of each node, durable.
#pragma once

#include "libfaas/core/id.hpp"
#include "libfaas/ports/lease.hpp"

#include <map>
#include <set>
#include <string_view>

namespace faas {

/// What a node shall do. Values travel between nodes: only append.
enum class node_duty : uint8_t {
  active,   ///< whatever its functions' needs allow
  cordoned, ///< goes on with what it has; nothing new, no events of others
  draining, ///< gives up each version once another node has it ready
  drained,  ///< runs nothing
};
/// "active", "cordoned", ...
std::string_view name(node_duty duty) noexcept;

struct node_entry {
  node_duty duty = node_duty::active;
  /// Cordoned and draining: the versions that it had when it was told so.
  std::set<version_ref> keeps;
  bool operator==(const node_entry&) const = default;
};
/// Nodes that are not in it are active.
using node_entries = std::map<node_name, node_entry>;

/// Any thread; calls block on the disk and are durable when they return.
/// Errors: errc::storage_full, errc::internal.
class node_book {
public:
  virtual ~node_book() = default;
  /// As of the last change here, or of the last refresh().
  virtual node_entries entries() const = 0;
  /// Reads again what other controllers may have changed. errc::unavailable.
  virtual result<void> refresh() { return {}; }
  /// From now on entries are changed under this lease: errc::unavailable once
  /// it was granted to another. A book with one owner has no use for it.
  virtual void fence(const lease& held) { (void) held; }
  virtual result<void> keep(const node_name& node, const node_entry& entry) = 0;
  /// Forgets the node and takes its certificates back, both or neither.
  /// errc::not_found when it never had one, errc::conflict for this node
  /// itself.
  virtual result<void> remove(const node_name& node) = 0;
};

} // namespace faas
