// One request and its answer over a connection to a program.
#pragma once

#include "functions/process/io_wait.hpp"
#include "libfaas/ports/runtime.hpp"

#include <string>
#include <string_view>

namespace faas::process {

struct exchange_request {
  std::string_view head; ///< request line and headers (http_rules.hpp)
  std::string_view body;
  bool head_only = false;   ///< HEAD: the answer has no body
  uint64_t max_body = 0;    ///< of the answer; of one in parts, of each
  time_point until;
  /// Takes parts of an answer whose type says so (comes_in_parts); null: it is
  /// wanted whole.
  invocation_context* parts_to = nullptr;
};

struct exchange_outcome {
  enum class how : uint8_t {
    answered,
    timeout,
    stopped,
    closed,    ///< the program closed the connection before the answer's end
    malformed, ///< what came is no HTTP answer
    too_large  ///< the answer's body or head is over its limit
  };
  how end = how::closed;
  std::string why;     ///< malformed, closed: what was found
  bool began = false;  ///< bytes of an answer had come
  bool keep = false;   ///< the connection may be used again
  bool twice = false;  ///< bytes came after the answer
  bool parts = false;  ///< some of the answer was passed on
  reply answer;        ///< with answered
};

/// Sends and receives at the same time, so that a program may answer before it
/// has read everything. Blocks up to `until`. The descriptor is only used with
/// calls that do not block, whatever its mode. Hop-by-hop headers of the
/// answer are dropped, interim answers (1xx) too. Anything but `keep` means
/// that the connection is of no further use.
exchange_outcome exchange(int fd, const exchange_request& request,
                          const io_waiter& wait);

/// Whether an idle connection can take a request: open, and nothing has come
/// unasked.
enum class idle_state : uint8_t { usable, closed, unasked };
idle_state check_idle(int fd) noexcept;

} // namespace faas::process
