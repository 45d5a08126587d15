#include "gateway/http/body_decoder.hpp"

#include <algorithm>

namespace faas::http {
namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  const auto lower = c | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Larger sizes cannot be meant, and must not overflow.
constexpr uint64_t max_chunk = uint64_t{1} << 56;

} // namespace

void body_decoder::start_length(uint64_t length) noexcept {
  left_ = length;
  state_ = length == 0 ? state::done : state::data;
}

void body_decoder::start_chunked(size_t line_limit) noexcept {
  line_limit_ = line_limit;
  line_ = 0;
  left_ = 0;
  state_ = state::first_digit;
}

parse_status body_decoder::feed(std::string_view bytes, size_t& consumed,
                                body_sink& sink) {
  consumed = 0;
  while (state_ != state::done && consumed < bytes.size()) {
    if (state_ == state::data || state_ == state::chunk) {
      if (const auto status = data(bytes, consumed, sink);
          status != parse_status::done)
        return status;
    } else if (!step(bytes[consumed++])) {
      return parse_status::malformed;
    }
  }
  return state_ == state::done ? parse_status::done : parse_status::need_more;
}

parse_status body_decoder::data(std::string_view bytes, size_t& consumed,
                                body_sink& sink) {
  const auto part
    = bytes.substr(consumed, std::min<uint64_t>(left_, bytes.size()));
  if (!sink.piece(part))
    return parse_status::too_large;
  consumed += part.size();
  left_ -= part.size();
  if (left_ == 0)
    state_ = state_ == state::data ? state::done : state::chunk_cr;
  return parse_status::done;
}

bool body_decoder::digit(char c) noexcept {
  const auto value = hex_value(c);
  if (value < 0 || left_ >= max_chunk)
    return false;
  left_ = left_ * 16 + static_cast<uint64_t>(value);
  return ++line_ <= line_limit_;
}

/// Bytes of an extension or trailer: anything but control characters, so that
/// no other server sees a line end where this one sees none.
bool body_decoder::line_byte(char c, state at_cr) noexcept {
  if (c == '\r') {
    state_ = at_cr;
    return true;
  }
  const auto control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  return (!control || c == '\t') && ++line_ <= line_limit_;
}

bool body_decoder::step(char c) noexcept {
  switch (state_) {
  case state::first_digit:
    state_ = state::size;
    return digit(c);
  case state::size:
    if (c == '\r' || c == ';' || c == ' ' || c == '\t') {
      state_ = c == '\r' ? state::size_end : state::extension;
      return true;
    }
    return digit(c);
  case state::extension:
    return line_byte(c, state::size_end);
  case state::size_end:
    line_ = 0;
    state_ = left_ == 0 ? state::trailer : state::chunk;
    return c == '\n';
  case state::chunk_cr:
    state_ = state::chunk_end;
    return c == '\r';
  case state::chunk_end:
    state_ = state::first_digit;
    return c == '\n';
  case state::trailer:
    state_ = state::trailer_line;
    return line_byte(c, state::last_end);
  case state::trailer_line:
    return line_byte(c, state::trailer_end);
  case state::trailer_end:
    state_ = state::trailer;
    return c == '\n';
  case state::last_end:
    state_ = state::done;
    return c == '\n';
  default:
    return false;
  }
}

} // namespace faas::http
