#include "libfaas/bulk/frame.hpp"

#include <algorithm>

namespace faas::bulk {
namespace {

constexpr uint8_t last_flag = 1;

void append_number(std::string& to, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i)
    to += static_cast<char>(value >> (8 * i));
}

uint64_t number(std::string_view bytes) {
  uint64_t value = 0;
  for (const auto c : bytes)
    value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

void append_header(std::string& to, frame_kind kind, uint8_t flags,
                   uint8_t topic, size_t length) {
  to += static_cast<char>(kind);
  to += static_cast<char>(flags);
  to += static_cast<char>(topic);
  to += '\0';
  append_number(to, length, 4);
}

error bad(const std::string& what) {
  return {errc::invalid_argument,
          "the peer sends what is no bulk connection: " + what};
}

ack decode_ack(std::string_view bytes) {
  ack made;
  made.received = number(bytes.substr(0, 8));
  made.limit = number(bytes.substr(8, 8));
  made.held = std::chrono::microseconds{number(bytes.substr(16, 4))};
  return made;
}

} // namespace

std::string encode_hello(const boot_id& self) {
  const auto text = self.str().substr(0, max_hello);
  std::string made;
  append_header(made, frame_kind::hello, 0, 0, text.size());
  return made + text;
}

void append_data(std::string& to, bulk_topic topic, std::string_view piece,
                 bool last) {
  append_header(to, frame_kind::data, last ? last_flag : 0,
                static_cast<uint8_t>(topic), piece.size());
  to += piece;
}

void append_ack(std::string& to, const ack& what) {
  append_header(to, frame_kind::ack, 0, 0, ack_size);
  append_number(to, what.received, 8);
  append_number(to, what.limit, 8);
  const auto us
    = std::chrono::duration_cast<std::chrono::microseconds>(what.held).count();
  append_number(to, static_cast<uint64_t>(std::clamp<int64_t>(us, 0, ~0u)), 4);
  append_number(to, 0, 4);
}

void append_ping(std::string& to) {
  append_header(to, frame_kind::ping, 0, 0, 0);
}

result<size_t> hello_size(std::string_view header) {
  if (header.size() < header_size
      || static_cast<frame_kind>(header[0]) != frame_kind::hello
      || number(header.substr(1, 3)) != 0)
    return bad("no hello");
  const auto length = number(header.substr(4, 4));
  if (length == 0 || length > max_hello)
    return bad("a hello of " + std::to_string(length) + " bytes");
  return header_size + length;
}

result<boot_id> decode_hello(std::string_view bytes) {
  const auto size = hello_size(bytes);
  if (!size)
    return size.error();
  if (bytes.size() != *size)
    return bad("a hello that is cut");
  return boot_id{std::string{bytes.substr(header_size)}};
}

result<void> frame_reader::feed(std::string_view bytes, frame_sink& to) {
  while (!bytes.empty()) {
    if (left_ > 0) {
      const auto count = std::min<size_t>(left_, bytes.size());
      const auto part = bytes.substr(0, count);
      if (kind_ == frame_kind::data)
        to.piece_bytes(part);
      else
        body_ += part;
      left_ -= static_cast<uint32_t>(count);
      bytes.remove_prefix(count);
      if (left_ == 0)
        if (auto good = end(to); !good)
          return good;
      continue;
    }
    const auto count = std::min(header_size - header_.size(), bytes.size());
    header_ += bytes.substr(0, count);
    bytes.remove_prefix(count);
    if (header_.size() == header_size) {
      if (auto good = begin(to); !good)
        return good;
      header_.clear();
    }
  }
  return {};
}

result<void> frame_reader::begin(frame_sink& to) {
  const std::string_view header{header_};
  kind_ = static_cast<frame_kind>(header[0]);
  const auto flags = static_cast<uint8_t>(header[1]);
  const auto topic = static_cast<uint8_t>(header[2]);
  const auto length = number(header.substr(4, 4));
  if (header[3] != 0 || flags > last_flag
      || (kind_ != frame_kind::data && (flags != 0 || topic != 0)))
    return bad("a header of unknown form");
  switch (kind_) {
  case frame_kind::data:
    if (length == 0 || length > max_piece)
      return bad("a piece of " + std::to_string(length) + " bytes");
    last_ = flags == last_flag;
    left_ = static_cast<uint32_t>(length);
    return to.piece_begins(static_cast<bulk_topic>(topic), left_);
  case frame_kind::ack:
    if (length != ack_size)
      return bad("an acknowledgement of " + std::to_string(length) + " bytes");
    left_ = ack_size;
    return {};
  case frame_kind::ping:
    if (length != 0)
      return bad("a ping of " + std::to_string(length) + " bytes");
    to.pinged();
    return {};
  case frame_kind::hello: break; // comes before all frames
  }
  return bad("a frame of kind " + std::to_string(static_cast<int>(kind_)));
}

result<void> frame_reader::end(frame_sink& to) {
  if (kind_ == frame_kind::data)
    return to.piece_ends(last_);
  const auto what = decode_ack(body_);
  body_.clear();
  return to.acked(what);
}

} // namespace faas::bulk
