// The frames of the worker protocol (docs/worker-protocol.md).
#pragma once

#include "libfaas/ports/runtime.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace faas::process::worker {

inline constexpr uint16_t protocol_version = 1;
inline constexpr size_t head_bytes = 16;
/// A body up to here is in its frame, a larger one in the shared memory.
inline constexpr uint64_t inline_bytes = 64 * 1024;
/// Of a frame after its head: body, headers, names.
inline constexpr uint32_t most_payload = 160 * 1024;
inline constexpr uint32_t most_headers = 1024;
/// Calls that a program may have at once.
inline constexpr uint16_t most_areas = 64;
/// What the node can do beyond the first nodes of this version; bits.
inline constexpr uint32_t takes_parts = 1;

enum class frame_kind : uint8_t {
  hello = 1, ///< to the program
  call = 2,
  cancel = 3,
  part_taken = 4,
  ready = 16, ///< to the node
  answer = 17,
  failure = 18,
  log = 19,
  part = 20
};

struct hello {
  uint16_t areas = 1;      ///< calls at once that the node may send
  uint64_t area_bytes = 0; ///< of each half of an area
  uint64_t max_body = 0;
};

std::string encode(const hello& what);
/// `area`: whose request half has the body when it is larger than
/// inline_bytes.
std::string encode_call(uint64_t number, const invocation& event,
                        uint16_t area, duration remaining);
std::string encode_cancel(uint64_t number);
std::string encode_part_taken(uint64_t number, part_fate what);

struct frame {
  uint8_t kind = 0;
  uint64_t call = 0;
  std::string payload;
};

/// Cuts what the program sends into frames. Takes any bytes.
class frame_reader {
public:
  void feed(std::string_view bytes) { bytes_.append(bytes); }
  /// The next whole frame; nothing: more bytes are needed, or wrong().
  std::optional<frame> next();
  /// What is wrong with the bytes; empty: nothing so far.
  const std::string& wrong() const noexcept { return wrong_; }

private:
  std::string bytes_;
  size_t used_ = 0;
  std::string wrong_;
};

struct ready {
  uint16_t version = 0;
  uint16_t at_once = 0; ///< calls that the program takes at once
  std::string about;    ///< for people
};

struct answer {
  reply what;
  uint64_t in_memory = 0; ///< bytes of the body in the answer's half
};

struct log_line {
  uint8_t level = 0;
  std::string_view text;
};

/// What a program says is checked: nothing comes back for a payload that is not
/// exactly what docs/worker-protocol.md says, or over a limit. `max_body`: of
/// an answer. A part is laid out as an answer, with its body in the frame.
std::optional<ready> decode_ready(std::string_view payload);
std::optional<answer> decode_answer(std::string_view payload,
                                    uint64_t max_body);
std::optional<reply> decode_part(std::string_view payload);
std::optional<std::string> decode_failure(std::string_view payload);
std::optional<log_line> decode_log(std::string_view payload);

} // namespace faas::process::worker
