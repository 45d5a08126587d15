// Finds the end of a request's body.
#pragma once

#include "gateway/http/request_parser.hpp"

#include <cstdint>
#include <string_view>

namespace faas::http {

/// Decodes one body, of known length or chunked (RFC 9112, section 7.1), byte
/// by byte, with no look back. (Beast's own decoder aborts a debug build when
/// the last chunk arrives in single bytes.) Chunk extensions and trailers are
/// checked for their form and dropped.
class body_decoder {
public:
  /// A chunk's size line, and all trailers together, may have `line_limit`
  /// bytes.
  void start_length(uint64_t length) noexcept;
  void start_chunked(size_t line_limit) noexcept;

  /// done, need_more, malformed; too_large when the sink takes no more.
  parse_status feed(std::string_view bytes, size_t& consumed, body_sink& sink);

private:
  enum class state : uint8_t {
    data,        ///< bytes of a body of known length
    first_digit, ///< of a chunk's size
    size,
    extension,
    size_end, ///< LF behind the size
    chunk,    ///< bytes of a chunk
    chunk_cr,
    chunk_end,
    trailer, ///< first byte of a trailer line or of the last line
    trailer_line,
    trailer_end,
    last_end, ///< LF of the last, empty line
    done
  };

  parse_status data(std::string_view bytes, size_t& consumed, body_sink& sink);
  /// False: malformed.
  bool step(char c) noexcept;
  bool digit(char c) noexcept;
  bool line_byte(char c, state at_cr) noexcept;

  state state_ = state::done;
  uint64_t left_ = 0; ///< bytes of the body or chunk still to come
  size_t line_ = 0;   ///< bytes of this size line or of the trailers
  size_t line_limit_ = 0;
};

} // namespace faas::http
