// Answers to a peer's events, on their way back to the link.
#pragma once

#include "actors/interfaces.hpp"
#include "libfaas/event/completion.hpp"

#include <caf/actor_addr.hpp>

#include <mutex>
#include <unordered_set>
#include <vector>

namespace faas::actors {

/// Collects answers from executor threads; one message wakes the link for all
/// that gathered. Thread safe.
class reply_inbox final : public completion_sink {
public:
  explicit reply_inbox(caf::actor_addr link) : link_(std::move(link)) {}

  void complete(uint64_t ticket, reply&& answer) noexcept override;
  bool wanted(uint64_t ticket) const noexcept override;

  /// The peer gave these up.
  void cancel(uint64_t ticket);
  std::vector<std::pair<uint64_t, reply>> take();

private:
  caf::actor_addr link_;
  mutable std::mutex mutex_;
  std::vector<std::pair<uint64_t, reply>> waiting_;
  std::unordered_set<uint64_t> cancelled_;
};

} // namespace faas::actors
