// Bytes of messages and frames.
#pragma once

#include "libfaas/core/limits.hpp"
#include "libfaas/core/result.hpp"
#include "libfaas/wire/messages.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace faas::wire {

/// What one frame carries.
struct frame {
  uint64_t sequence = 0; ///< 0: nothing that needs credit
  std::vector<message> messages;
  uint32_t unknown = 0; ///< messages of kinds that this version lacks
};

/// One message as petrel.proto's Message.
std::string encode(const message& what);
/// errc::invalid_argument when the bytes are no message, errc::not_found when
/// it is of an unknown kind. Memory is bounded by 32 times the bytes and
/// 64 KiB.
result<message> decode_message(std::string_view bytes);

/// A whole frame, for tests and handshakes; links use frame_writer.
std::string encode(const frame& what);
/// errc::too_large over max_bytes, errc::invalid_argument when broken. Unknown
/// fields are skipped, unknown messages counted.
result<frame> decode_frame(std::string_view bytes,
                           size_t max_bytes = limits::frame_bytes);

/// Upper bound of the encoded size of an event or a reply without body.
size_t head_size(const invocation& event) noexcept;
size_t head_size(const reply& answer) noexcept;
/// Upper bound of what a fragment needs beside head and body.
inline constexpr size_t fragment_overhead = 48;
/// Upper bound of what a frame needs beside its messages and fragments.
inline constexpr size_t frame_overhead = 48;

/// Builds one frame piece by piece, without copies of events and bodies.
class frame_writer {
public:
  /// Encoded size so far, frame_overhead included.
  size_t size() const noexcept;
  bool empty() const noexcept;
  void add(const message& what);
  void add_encoded(std::string_view one_message);
  /// body: the piece at offset of the event's body.
  void add_event(uint64_t transfer, const invocation& event, uint64_t offset,
                 std::string_view body, duration remaining);
  void add_reply(uint64_t transfer, const reply& answer, uint64_t offset,
                 std::string_view body);
  /// The frame; the writer is empty again.
  std::string finish(uint64_t sequence);

private:
  std::string messages_, events_, replies_;
};

} // namespace faas::wire
