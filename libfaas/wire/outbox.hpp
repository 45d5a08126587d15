// What waits to be written to the peer, and who may write next. Private to
// this folder.
#pragma once

#include "libfaas/wire/codec.hpp"
#include "libfaas/wire/link_types.hpp"
#include "libfaas/wire/sent_events.hpp"

#include <deque>
#include <memory>
#include <string>

namespace faas::wire {

/// Events and replies take turns, a piece each, so that a big body does not
/// block small ones; control messages keep their order and get a share of
/// every frame. Bodies that need several pieces are under way up to a bound
/// together, which the peer keeps room for; the others wait in order. The bodies
/// of events stay in the in-flight table.
class outbox {
public:
  explicit outbox(const link_options& options) : options_(options) {}

  void clear() noexcept;

  /// The event is in the in-flight table; its charge is counted there.
  void add_event(uint64_t transfer) { turns_.push_back({transfer, nullptr}); }
  /// `max_body`: what the peer takes.
  void add_reply(uint64_t transfer, reply&& answer, size_t max_body);
  /// errc::overloaded, errc::too_large.
  result<void> add_control(std::string&& encoded);

  bool empty() const noexcept { return turns_.empty() && control_.empty(); }
  size_t transfers() const noexcept {
    return turns_.size() + parked_.size() + control_.size();
  }
  /// Replies and control; events count in the in-flight table.
  size_t queued_bytes() const noexcept { return reply_bytes_ + control_bytes_; }

  /// Fills the frame up to `budget`; a head that alone is longer may take it
  /// up to `limit`. False when nothing could be written.
  bool fill(frame_writer& frame, size_t budget, size_t limit, time_point now,
            sent_events& events, link_stats& stats);

private:
  struct waiting_reply {
    reply answer;
    size_t head_bytes = 0;
    uint64_t offset = 0;
    bool begun = false;
  };
  struct turn {
    uint64_t transfer;
    std::unique_ptr<waiting_reply> reply; ///< null: an event
    size_t in_pieces = 0; ///< its body's bytes, once it may be under way
  };
  struct room {
    size_t budget;  ///< aim
    size_t limit;   ///< of a frame that carries nothing else yet
    size_t quantum; ///< of one turn
  };
  enum class progress : uint8_t { done, more, no_room, parked };

  bool write_control(frame_writer& frame, const room& space);
  progress write_event(frame_writer& frame, const room& space, bool first,
                       turn& what, time_point now, sent_events& events,
                       link_stats& stats);
  progress write_reply(frame_writer& frame, const room& space, bool first,
                       turn& what, link_stats& stats);

  /// Whether a body may leave in pieces now.
  bool admit(turn& what, size_t body) noexcept;
  void park(turn&& what, size_t body);
  /// Its body is not under way any more.
  void release(const turn& what, sent_events& events);

  struct parked_turn {
    turn what;
    size_t body;
  };

  const link_options& options_;
  std::deque<turn> turns_;
  /// Wait until what is under way in pieces is less; then something in turns_
  /// is.
  std::deque<parked_turn> parked_;
  size_t in_pieces_ = 0; ///< bytes
  std::deque<std::string> control_;
  size_t control_offset_ = 0; ///< of the first, when it goes out in parts
  uint64_t part_ = 0;
  size_t reply_bytes_ = 0, control_bytes_ = 0;
};

} // namespace faas::wire
