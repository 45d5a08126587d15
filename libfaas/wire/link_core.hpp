// One link to one peer as a pure state machine: what it is told goes in with
// the time, what shall be done comes out as effects.
#pragma once

#include "libfaas/wire/link_types.hpp"

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace faas::wire {

/// Not thread safe: one owner. Never blocks, has no clock. After every input
/// (or a batch of them: what gathers goes out in common frames) the owner
/// calls take_effects(), carries them out, and sees to it that tick() is
/// called at wake_at(). A completion is answered inside the call that decides
/// it. Every submitted event is answered or given back exactly once, whatever
/// the peer does.
class link_core {
public:
  explicit link_core(link_options options = {});
  link_core(link_core&&) noexcept;
  link_core& operator=(link_core&&) noexcept;
  ~link_core();

  /// A connection stands and hellos were exchanged (see accept()). Resets
  /// what belongs to a connection. Frames of a former connection must not be
  /// passed in any more.
  void peer_connected(time_point now, hello peer);
  /// The connection is gone. Gives back every event without an answer.
  [[nodiscard]] std::vector<failed_transfer> peer_lost(time_point now,
                                                       std::string_view reason);
  void frame_received(time_point now, std::string_view bytes);
  void tick(time_point now);

  /// Takes an event for the peer; the transfer id is for cancel(). Failed,
  /// event and done are untouched: errc::unavailable (not connected),
  /// errc::overloaded (a bound is reached), errc::too_large,
  /// errc::deadline_exceeded.
  result<uint64_t> submit(time_point now, invocation&& event,
                          completion&& done);
  /// Nobody wants the answer: it is answered errc::cancelled, the peer told.
  void cancel(time_point now, uint64_t transfer);
  /// Gives back the events without an answer that `which` picks, for a retry
  /// elsewhere while the peer is suspect. The peer is told; its late answers
  /// are dropped.
  [[nodiscard]] std::vector<failed_transfer>
  take_back(time_point now,
            const std::function<bool(const invocation&)>& which);

  /// The answer to an event that the peer sent.
  void reply_ready(time_point now, uint64_t ticket, reply&& answer);
  /// Queues a control message, in order. errc::unavailable,
  /// errc::overloaded, errc::too_large, errc::invalid_argument for the link's
  /// own kinds (ping, event_batch, ...).
  result<void> send(time_point now, const message& what);

  /// Writes the frames that may go out now and hands over all effects.
  [[nodiscard]] std::vector<link_effect> take_effects(time_point now);
  /// The same into a vector that keeps its memory from turn to turn; what was
  /// in it is dropped.
  void take_effects(time_point now, std::vector<link_effect>& into);
  /// When tick() and then take_effects() are wanted next; time_point::max()
  /// when never. May lie in the past: at once.
  time_point wake_at() const noexcept;

  const hello& peer() const noexcept;
  link_stats stats() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace faas::wire
