// Bytes of a bulk connection: pieces of messages, acknowledgements, pings.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"
#include "libfaas/core/limits.hpp"
#include "libfaas/ports/bulk_links.hpp"

#include <string>
#include <string_view>

namespace faas::bulk {

/// A frame: kind, flags, topic, 0 (one byte each), length of what follows (four
/// bytes, the first is the highest). Everything else ends the connection.
enum class frame_kind : uint8_t {
  hello = 1, ///< boot id of the dialling process; once, first
  data = 2,  ///< a piece of a message; flag 1: the last one
  ack = 3,
  ping = 4, ///< empty; an ack answers it
};

inline constexpr size_t header_size = 8, ack_size = 24;
inline constexpr uint32_t max_piece = 64 * limits::kib;
inline constexpr uint32_t max_hello = 128;

/// What has come so far on this connection, and what may come.
struct ack {
  uint64_t received = 0; ///< bytes of pieces
  uint64_t limit = 0;    ///< of these bytes, since the connection stands
  duration held{};       ///< since the last piece came; at most 2^32 us
  bool operator==(const ack&) const = default;
};

std::string encode_hello(const boot_id& self);
void append_data(std::string& to, bulk_topic topic, std::string_view piece,
                 bool last);
void append_ack(std::string& to, const ack& what);
void append_ping(std::string& to);

/// Bytes that the whole hello has; its first header_size bytes are enough.
/// errc::invalid_argument.
result<size_t> hello_size(std::string_view header);
/// All of its bytes.
result<boot_id> decode_hello(std::string_view bytes);

/// What frame_reader finds, in order.
class frame_sink {
public:
  virtual ~frame_sink() = default;
  /// A piece of so many bytes begins. An error ends the reading.
  virtual result<void> piece_begins(bulk_topic topic, uint32_t size) = 0;
  virtual void piece_bytes(std::string_view bytes) = 0;
  virtual result<void> piece_ends(bool last) = 0;
  virtual result<void> acked(const ack& what) = 0;
  virtual void pinged() = 0;
};

/// Cuts a stream into frames. Keeps no more than a header. Pure; not thread
/// safe.
class frame_reader {
public:
  /// The next bytes, cut anywhere. After an error nothing may follow.
  /// errc::invalid_argument, and errors of `to`.
  result<void> feed(std::string_view bytes, frame_sink& to);

private:
  result<void> begin(frame_sink& to);
  result<void> end(frame_sink& to);

  std::string header_; ///< what is there of it
  std::string body_;   ///< of an ack
  uint32_t left_ = 0;
  frame_kind kind_{};
  bool last_ = false;
};

} // namespace faas::bulk
