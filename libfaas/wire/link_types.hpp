// What a link is told about its bounds and what it wants done.
#pragma once

#include "libfaas/core/limits.hpp"
#include "libfaas/event/completion.hpp"
#include "libfaas/wire/messages.hpp"

#include <string>
#include <variant>

namespace faas::wire {

/// Bounds and times of one link; the defaults are the configuration's.
struct link_options {
  size_t frame_bytes = limits::frame_bytes;            ///< encoded, at most
  duration frame_time = std::chrono::milliseconds(20); ///< of the link's rate
  size_t window_bytes = limits::mib; ///< unacknowledged, at most
  size_t max_body_bytes = limits::body_bytes;
  /// Bodies in several pieces that are under way at a time; one always may.
  size_t in_pieces_bytes = 8 * limits::mib;
  size_t max_head_bytes = 48 * limits::kib; ///< encoded event without body
  uint32_t max_in_flight = 4096; ///< events that the peer owes an answer
  size_t outbox_bytes = 64 * limits::mib;     ///< events not written yet
  uint32_t max_running = 4096;                ///< events of the peer owed by us
  size_t partial_bytes = 32 * limits::mib;    ///< bodies being received
  size_t reply_bytes = 64 * limits::mib;      ///< replies not written yet
  size_t control_bytes = 8 * limits::mib;     ///< control not written yet
  size_t max_control_bytes = 4 * limits::mib; ///< one control message
  duration ping_floor = std::chrono::milliseconds(50);
  duration suspect_floor = std::chrono::milliseconds(250);
  /// While the RTT is not known yet (RFC 6298, 2.1): a long way's first pong is
  /// not overdue after suspect_floor.
  duration first_patience = std::chrono::seconds(1);
  duration heartbeat = std::chrono::seconds(1);
  duration lost_after = std::chrono::seconds(5);
  duration deadline_grace = std::chrono::milliseconds(20);
};

/// Effects, in the order in which they shall be carried out.
/// Send these bytes to the peer's link.
struct send_frame {
  std::string bytes;
};
/// The peer's event shall run here; answer with reply_ready(ticket, ...).
struct deliver_event {
  uint64_t ticket = 0;
  invocation event;
};
/// The peer no longer waits for this event, or the peer is gone. Stop it if
/// possible; a later reply_ready is dropped and counted.
struct cancel_event {
  uint64_t ticket = 0;
};
/// Any message that is not the link's own business, hello and goodbye
/// included.
struct deliver_control {
  message what;
};
/// Work is in flight and nothing was heard for max(4 RTT, 250 ms); for 1 s
/// before the RTT is known.
struct peer_suspect {
  duration silence{};
};
/// A suspect peer was heard again.
struct peer_alive {};
/// Silence over lost_after. The owner calls peer_lost() and closes.
struct peer_silent {
  duration silence{};
};
/// The peer breaks the protocol. The owner calls peer_lost() and closes; the
/// link takes nothing more from this connection.
struct close_link {
  std::string reason;
};
using link_effect
  = std::variant<send_frame, deliver_event, cancel_event, deliver_control,
                 peer_suspect, peer_alive, peer_silent, close_link>;

/// An event that the peer did not answer, given back to be routed again
/// (when nothing of it ran or it is idempotent) or answered: nothing of it was
/// written (may_have_run == false, errc::unavailable), or its outcome is
/// unknown (true, errc::outcome_unknown). `event` is as it was submitted.
struct failed_transfer {
  invocation event;
  completion done;
  bool may_have_run = false;
  error why;
};

/// What one ping told.
struct ping_sample {
  duration trip{};
  /// No more than a packet of our own was under way when it was sent: else it
  /// may have waited for that.
  bool alone = true;
  uint64_t number = 0; ///< 1, 2 ...; 0: there was none
};

struct link_stats {
  bool connected = false;
  bool suspect = false;
  duration rtt{};     ///< smoothed (RFC 6298); 0 before the first pong
  duration min_rtt{}; ///< least of the last 10 s or more
  ping_sample last_ping{};
  uint64_t rate = 0;  ///< bytes per second, 0 while unknown
  uint64_t window = 0, unacknowledged = 0;
  uint64_t in_flight = 0, running = 0;
  uint64_t queued_transfers = 0, queued_bytes = 0;
  uint64_t frames_sent = 0, frames_received = 0;
  uint64_t bytes_sent = 0, bytes_received = 0;
  uint64_t events_sent = 0, events_received = 0; ///< whole events
  uint64_t replies_sent = 0, replies_received = 0;
  uint64_t dropped_frames = 0;    ///< duplicates, or after close
  uint64_t dropped_fragments = 0; ///< of unknown or refused transfers
  uint64_t dropped_replies = 0;   ///< duplicate, late, of unknown events
  uint64_t unknown_messages = 0;  ///< kinds that this version does not know
  uint64_t expired = 0;           ///< answered deadline_exceeded by the link
  uint64_t refused = 0;           ///< submit or peer's events over a bound
};

} // namespace faas::wire
