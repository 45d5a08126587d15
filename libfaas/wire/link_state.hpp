// The parts of a link_core and how they are wired. Private to this folder.
#pragma once

#include "libfaas/wire/heartbeat.hpp"
#include "libfaas/wire/link_core.hpp"
#include "libfaas/wire/link_meter.hpp"
#include "libfaas/wire/outbox.hpp"
#include "libfaas/wire/received_events.hpp"
#include "libfaas/wire/sent_events.hpp"

namespace faas::wire {

/// Kinds that only the link itself may send.
bool link_kind(const message& what) noexcept;

struct link_core::state {
  explicit state(link_options given);

  // inputs
  void connect(time_point now, hello&& from);
  void receive(time_point now, std::string_view bytes);
  void tick(time_point now);
  result<uint64_t> submit(time_point now, invocation& event, completion& done);

  // while a frame is being received
  bool take(time_point now, message&& what);
  bool take_event(time_point now, event_fragment&& piece);
  bool take_reply(reply_fragment&& piece);
  bool take_part(const part& piece);
  bool take_cancel(const wire::cancel& what);
  void close(std::string reason);

  // while frames are being written
  void flush(time_point now);
  bool may_write(time_point now);
  /// Until when a short frame waits for company; the past when not at all.
  time_point held_until() const noexcept;
  bool write_data(time_point now);
  void write_urgent(time_point now);
  void add_urgent(time_point now, frame_writer& frame);
  bool urgent_due(time_point now) const noexcept;
  bool ack_owed() const noexcept { return acked_ < received_sequence_; }
  void emit(std::string&& frame);

  bool open() const noexcept { return connected_ && !closed_; }
  duration rtt() const noexcept { return meter_.rtt().smoothed(); }
  /// To be called first in every input, and after it.
  void enter(time_point now);
  void settle(time_point now);
  size_t queued_bytes() const noexcept {
    return outbox_.queued_bytes() + sent_.queued_bytes();
  }

  const link_options options_;
  hello peer_;
  size_t body_bytes_ = 0; ///< longest body that travels to the peer
  bool connected_ = false, closed_ = false;
  link_meter meter_{options_};
  heartbeat pulse_{options_};
  sent_events sent_{options_};
  received_events received_{options_};
  outbox outbox_{options_};
  std::vector<link_effect> effects_;
  link_stats stats_;

  uint64_t ping_ = 0;     ///< last sent
  bool ping_due_ = false;
  bool blocked_ = false;     ///< data waits for credit
  bool was_blocked_ = false; ///< the next frame had to wait for credit
  bool in_flush_ = false;    ///< a data frame was written in this flush
  std::vector<uint64_t> pongs_, cancels_;
  uint64_t received_sequence_ = 0, received_bytes_ = 0;
  uint64_t acked_ = 0; ///< sequence of our last ack
  time_point ack_at_{};
  time_point since_{}, came_{}; ///< connection; last data frame
  time_point scanned_{};        ///< last search for late events
  uint64_t part_ = 0;           ///< being joined
  joiner parts_;
};

} // namespace faas::wire
