// The controller's part that deals with duties of nodes.
#pragma once

#include "actors/control/controller_core.hpp"
#include "libfaas/ports/node_book.hpp"

namespace faas::actors {

/// Cordon, drain, remove: durable in the book first, then known. Blocks on the
/// book. Not thread safe.
class node_desk {
public:
  node_desk() = default;
  /// `book` may be null: duties end with this controller.
  node_desk(controller_core& core, node_book* book)
    : core_(&core), book_(book) {}

  result<node_standing> carry_out(const node_command& command);
  /// Drains that are through. What cannot be kept now is tried again by the next
  /// call. Whether anything changed.
  bool end_drains();
  /// Another controller may have changed them.
  result<void> refresh();

private:
  result<void> keep(const node_name& node, const node_entry& entry);

  controller_core* core_ = nullptr;
  node_book* book_ = nullptr;
};

} // namespace faas::actors
