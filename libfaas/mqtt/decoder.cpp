#include "libfaas/mqtt/decoder.hpp"

#include "libfaas/mqtt/decode_body.hpp"

namespace faas::mqtt {

struct decoder::header {
  packet_type type;
  uint8_t flags;
  size_t remaining; ///< bytes behind the header
  size_t bytes;     ///< of the header itself
};

decoder::decoder(size_t max_packet_bytes) noexcept
  : max_packet_bytes_(max_packet_bytes) {}

void decoder::feed(std::string_view bytes) {
  const auto skipped = std::min(skip_, bytes.size());
  skip_ -= skipped;
  buffer_.append(bytes.substr(skipped));
}

std::string_view decoder::pending() const noexcept {
  return std::string_view{buffer_}.substr(at_);
}

void decoder::consume(size_t bytes) {
  at_ += bytes;
  // Moving the rest costs its length: wait until it is the smaller half.
  if (at_ < buffer_.size() - at_)
    return;
  buffer_.erase(0, at_);
  at_ = 0;
  constexpr size_t keep = 64 * 1024;
  if (buffer_.empty() && buffer_.capacity() > keep)
    buffer_.shrink_to_fit();
}

void decoder::reset() noexcept {
  buffer_.clear();
  at_ = 0;
  skip_ = 0;
  failure_.reset();
}

result<std::optional<decoder::header>> decoder::read_header() const {
  const auto bytes = pending();
  if (bytes.empty())
    return std::optional<header>{};
  const auto first = static_cast<uint8_t>(bytes[0]);
  const auto type = static_cast<uint8_t>(first >> 4);
  const auto flags = static_cast<uint8_t>(first & 0x0f);
  if (const auto checked = check_flags(type, flags); !checked)
    return checked.error();
  size_t remaining = 0;
  for (size_t i = 1; i <= 4; ++i) {
    if (i == bytes.size())
      return std::optional<header>{};
    const auto byte = static_cast<uint8_t>(bytes[i]);
    remaining |= size_t{byte & 0x7fu} << 7 * (i - 1);
    if (byte < 0x80)
      return std::optional<header>{
        {static_cast<packet_type>(type), flags, remaining, i + 1}};
  }
  return error{errc::invalid_argument,
               "malformed MQTT packet: remaining length of over 4 bytes"};
}

result<std::optional<decoded>> decoder::take(const header& head) {
  if (head.remaining > max_packet_bytes_)
    return take_oversized(head);
  const auto bytes = pending();
  if (bytes.size() < head.bytes + head.remaining)
    return std::optional<decoded>{};
  auto value = decode_body(head.type, head.flags,
                           bytes.substr(head.bytes, head.remaining));
  if (!value)
    return value.error();
  consume(head.bytes + head.remaining);
  return std::optional<decoded>{std::move(*value)};
}

result<std::optional<decoded>> decoder::take_oversized(const header& head) {
  if (head.type != packet_type::publish)
    return error{errc::too_large, "MQTT packet of "
                                    + std::to_string(head.remaining)
                                    + " bytes is over the limit of "
                                    + std::to_string(max_packet_bytes_)};
  const auto body = pending().substr(head.bytes).substr(0, head.remaining);
  auto start = decode_publish_head(head.flags, body);
  if (!start) {
    if (start.error().code == errc::not_found && body.size() < head.remaining)
      return std::optional<decoded>{};
    return error{errc::invalid_argument, "malformed MQTT packet: PUBLISH"};
  }
  skip_ = head.remaining - body.size();
  consume(head.bytes + body.size());
  return std::optional<decoded>{
    oversized_publish{std::move(start->value), head.remaining - start->bytes}};
}

result<std::optional<decoded>> decoder::next() {
  if (failure_)
    return *failure_;
  const auto fail = [this](const error& reason) {
    failure_ = reason;
    return *failure_;
  };
  const auto head = read_header();
  if (!head)
    return fail(head.error());
  if (!*head)
    return std::optional<decoded>{};
  auto value = take(**head);
  if (!value)
    return fail(value.error());
  return value;
}

} // namespace faas::mqtt
