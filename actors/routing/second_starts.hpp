// Pieces of hedging: events that may start at a second site.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/event/answer_parts.hpp"

#include <atomic>
#include <compare>
#include <memory>

namespace faas::actors {

/// Lets the first start of an event answer in parts until a second one has
/// answered; whichever is first shuts the other out. close() on the loop, the
/// rest by answer_parts' rules.
class first_part final : public answer_parts {
public:
  explicit first_part(std::shared_ptr<answer_parts> to) : to_(std::move(to)) {}

  taken put(const reply& head, std::string_view part) noexcept override {
    auto was = state::none;
    if (!state_.compare_exchange_strong(was, state::began)
        && was == state::closed)
      return taken::gone;
    return to_->put(head, part);
  }
  void wait_for_room(time_point until) noexcept override {
    if (state_.load() != state::closed)
      to_->wait_for_room(until);
  }
  bool began() const noexcept override { return state_.load() == state::began; }

  /// False when a part may be on its way: the answer is the first start's.
  bool close() noexcept {
    auto was = state::none;
    return state_.compare_exchange_strong(was, state::closed)
           || was == state::closed;
  }

private:
  enum class state : uint8_t { none, began, closed };
  std::shared_ptr<answer_parts> to_;
  std::atomic<state> state_{state::none};
};

/// An event in flight that is to be looked at then.
struct due_second {
  time_point when;
  uint64_t token = 0;
  auto operator<=>(const due_second&) const = default;
};

} // namespace faas::actors
