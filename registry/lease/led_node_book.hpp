// What is wanted of nodes, written by the leader only.
#pragma once

#include "libfaas/ports/node_book.hpp"

#include <memory>

namespace faas::registry {

/// Changes carry the present lease and are refused without one, with the reason
/// (errc::unavailable). Any thread. `book` must outlive it.
class led_node_book final : public node_book {
public:
  led_node_book(std::shared_ptr<const leader_seat> seat, node_book& book)
    : seat_(std::move(seat)), book_(book) {}

  node_entries entries() const override { return book_.entries(); }
  result<void> refresh() override { return book_.refresh(); }
  result<void> keep(const node_name& node, const node_entry& entry) override {
    if (auto led = show_lease(); !led)
      return led;
    return book_.keep(node, entry);
  }
  result<void> remove(const node_name& node) override {
    if (auto led = show_lease(); !led)
      return led;
    return book_.remove(node);
  }

private:
  result<void> show_lease() {
    const auto held = seat_->held();
    if (held.token == 0)
      return seat_->trouble();
    book_.fence(held);
    return {};
  }

  std::shared_ptr<const leader_seat> seat_;
  node_book& book_;
};

} // namespace faas::registry
