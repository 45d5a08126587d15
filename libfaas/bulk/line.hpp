// One bulk connection as a state machine: messages and bytes go in, bytes and
// messages come out.
#pragma once

#include "libfaas/bulk/delay_window.hpp"
#include "libfaas/bulk/frame.hpp"

#include <deque>
#include <vector>

namespace faas::bulk {

struct line_options {
  window_options window;
  /// Bytes of the peer that may wait here for whoever uses them.
  uint64_t credit = 8 * limits::mib;
  duration ack_delay = std::chrono::milliseconds{1};
  uint64_t ack_every = 128 * limits::kib;
  duration ping_after = std::chrono::seconds{5};
  /// Nothing heard, or nothing of what waits taken.
  duration silent_after = std::chrono::seconds{15};
  duration stuck_after = std::chrono::seconds{30};
};

/// Both ends are alike. The owner bounds what it pushes (waiting()), writes what
/// write() gives, and calls again at wake_at(). Pure; not thread safe.
class line final : private frame_sink {
public:
  struct message {
    bulk_topic topic{};
    std::string bytes;
  };

  line(line_options options, time_point now);

  /// Not empty, at most bulk_links::max_message bytes.
  void push(time_point now, message one);
  /// Appends what may be written now, until `out` has grown by about `most`.
  void write(time_point now, size_t most, std::string& out);
  /// The peer's next bytes; whole messages are appended to `to`.
  /// errc::invalid_argument: close the connection.
  result<void> read(time_point now, std::string_view bytes,
                    std::vector<message>& to);
  /// So many bytes of messages do not wait here any more.
  void consumed(uint64_t bytes) noexcept { consumed_ += bytes; }
  /// errc::unavailable when the peer is silent or takes nothing.
  result<void> check(time_point now) const;
  /// When write() has something to say without a cause from outside.
  time_point wake_at() const noexcept;

  uint64_t waiting() const noexcept { return waiting_; }
  uint64_t sent() const noexcept { return sent_; }
  uint64_t received() const noexcept { return received_; }
  const delay_window& window() const noexcept { return window_; }

private:
  struct on_the_way {
    uint64_t end = 0;
    time_point since{};
  };

  bool owes_ack(time_point now) const noexcept;
  bool ping_due(time_point now) const noexcept;
  bool write_piece(time_point now, std::string& out);
  size_t next_piece() const noexcept;
  size_t good_piece() const noexcept;
  void pace(time_point now, size_t bytes) noexcept;
  uint64_t limit_for_peer() const noexcept { return consumed_ + options_.credit; }

  // frame_sink
  result<void> piece_begins(bulk_topic topic, uint32_t size) override;
  void piece_bytes(std::string_view bytes) override;
  result<void> piece_ends(bool last) override;
  result<void> acked(const ack& what) override;
  void pinged() override { answer_ping_ = true; }

  line_options options_;
  delay_window window_;
  // what is sent
  std::deque<message> queue_;
  size_t offset_ = 0; ///< of the first message, sent already
  uint64_t waiting_ = 0, sent_ = 0, acked_ = 0, limit_ = 0;
  std::deque<on_the_way> flight_;
  time_point paced_{}, progress_{}, pinged_{};
  // what is received
  frame_reader reader_;
  message partial_;
  uint32_t piece_ = 0;
  size_t last_size_ = 0; ///< of the message before
  uint64_t received_ = 0, consumed_ = 0;
  uint64_t told_received_ = 0, told_limit_ = 0;
  time_point heard_{}, came_{}, ack_since_{};
  bool answer_ping_ = true; ///< the first ack gives the first credit
  time_point now_{};        ///< of the present read()
  std::vector<message>* whole_ = nullptr;
};

} // namespace faas::bulk
