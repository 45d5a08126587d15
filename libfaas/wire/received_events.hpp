// The peer's events here: being received, and running. Private to this folder.
#pragma once

#include "libfaas/wire/joiner.hpp"
#include "libfaas/wire/link_types.hpp"

#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace faas::wire {

/// From an event's first piece to its reply. Tickets are transfer ids with the
/// connection's number on top, so that a late reply never meets an event of a
/// later connection.
class received_events {
public:
  explicit received_events(const link_options& options)
    : options_(options), partial_(options.partial_bytes) {}

  /// Forgets everything; returns the tickets that were running.
  std::vector<uint64_t> reset();

  size_t running() const noexcept { return running_.size(); }
  size_t partial_bytes() const noexcept { return partial_.used(); }

  struct outcome {
    enum class kind : uint8_t {
      taken,   ///< more pieces to come
      whole,   ///< `event` is to be run under `ticket`
      refused, ///< to be answered with `why`; later pieces are dropped
      dropped, ///< duplicate, or of a refused event
      broken   ///< against the protocol
    };
    kind what;
    uint64_t ticket = 0;
    invocation event;
    error why;
  };
  /// `transit`: what to take off the remaining time for the way here.
  outcome fragment_received(time_point now, event_fragment&& piece,
                            duration transit);
  /// The peer no longer wants it; the ticket when it was running.
  std::optional<uint64_t> cancelled(uint64_t transfer);
  /// Its reply is ready: the transfer id, unless nobody waits any more.
  std::optional<uint64_t> answered(uint64_t ticket);

private:
  struct partial {
    event_fragment first;
    joiner body;
    time_point deadline;
  };
  outcome begin(time_point now, event_fragment&& piece, duration transit);
  outcome deliver(uint64_t transfer, invocation&& event, std::string&& body,
                  time_point now, time_point deadline);
  uint64_t ticket(uint64_t transfer) const noexcept {
    return connection_ << 48 | transfer;
  }

  const link_options& options_;
  uint64_t connection_ = 0;
  uint64_t highest_ = 0; ///< transfer id seen; ids increase
  std::unordered_map<uint64_t, partial> partials_;
  std::unordered_set<uint64_t> running_; ///< tickets
  byte_budget partial_;
};

} // namespace faas::wire
