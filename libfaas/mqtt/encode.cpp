#include "libfaas/mqtt/encode.hpp"

#include "libfaas/mqtt/limits.hpp"

#include <string_view>

namespace faas::mqtt {
namespace {

constexpr uint8_t dup_flag = 0x08;

/// Appends the primitive types of 1.5 and remembers a string too long.
class writer {
public:
  void u8(unsigned value) { bytes_ += static_cast<char>(value); }
  void u16(unsigned value) {
    u8(value >> 8 & 0xff);
    u8(value & 0xff);
  }
  void text(std::string_view value) {
    if (value.size() > limits::text_bytes) {
      too_long_ = true;
      return;
    }
    u16(static_cast<unsigned>(value.size()));
    bytes_ += value;
  }
  void raw(std::string_view value) { bytes_ += value; }

  /// Puts the fixed header (2.2) in front.
  result<std::string> finish(packet_type type, unsigned flags) && {
    if (too_long_ || bytes_.size() > limits::remaining_length)
      return error{errc::too_large,
                   "an MQTT packet or a string in it is over its size limit",
                   "send a topic of at most 65535 bytes and a smaller body"};
    char header[5];
    size_t used = 0;
    header[used++]
      = static_cast<char>(static_cast<unsigned>(type) << 4 | flags);
    auto rest = bytes_.size();
    do {
      const auto low = rest & 0x7f;
      rest >>= 7;
      header[used++] = static_cast<char>(low | (rest > 0 ? 0x80 : 0));
    } while (rest > 0);
    bytes_.insert(0, header, used);
    return std::move(bytes_);
  }

private:
  std::string bytes_;
  bool too_long_ = false;
};

unsigned level_of(qos value) {
  return static_cast<unsigned>(value);
}

result<std::string> encode_one(const connect_packet& value) {
  writer out;
  out.text("MQTT");
  out.u8(static_cast<unsigned>(value.level));
  unsigned flags = value.clean_session ? 0x02 : 0;
  if (value.will)
    flags |= 0x04 | level_of(value.will->qos) << 3
             | (value.will->retain ? 0x20 : 0);
  flags |= value.password ? 0x40 : 0;
  flags |= value.username ? 0x80 : 0;
  out.u8(flags);
  out.u16(value.keep_alive_seconds);
  out.text(value.client_id);
  if (value.will) {
    out.text(value.will->topic);
    out.text(value.will->payload);
  }
  if (value.username)
    out.text(*value.username);
  if (value.password)
    out.text(*value.password);
  return std::move(out).finish(packet_type::connect, 0);
}

result<std::string> encode_one(const connack_packet& value) {
  writer out;
  out.u8(value.session_present ? 1 : 0);
  out.u8(static_cast<unsigned>(value.code));
  return std::move(out).finish(packet_type::connack, 0);
}

result<std::string> encode_one(const publish_packet& value) {
  writer out;
  out.text(value.topic);
  if (value.qos != qos::at_most_once)
    out.u16(value.packet_id);
  out.raw(value.payload);
  return std::move(out).finish(
    packet_type::publish, (value.dup ? dup_flag : 0u) | level_of(value.qos) << 1
                            | (value.retain ? 1u : 0u));
}

template <packet_type Type>
result<std::string> encode_one(const acknowledgement<Type>& value) {
  writer out;
  out.u16(value.packet_id);
  return std::move(out).finish(Type, Type == packet_type::pubrel ? 2 : 0);
}

result<std::string> encode_one(const subscribe_packet& value) {
  writer out;
  out.u16(value.packet_id);
  for (const auto& one : value.subscriptions) {
    out.text(one.filter);
    out.u8(level_of(one.qos));
  }
  return std::move(out).finish(packet_type::subscribe, 2);
}

result<std::string> encode_one(const suback_packet& value) {
  writer out;
  out.u16(value.packet_id);
  for (const auto& granted : value.granted)
    out.u8(granted ? level_of(*granted) : 0x80);
  return std::move(out).finish(packet_type::suback, 0);
}

result<std::string> encode_one(const unsubscribe_packet& value) {
  writer out;
  out.u16(value.packet_id);
  for (const auto& filter : value.filters)
    out.text(filter);
  return std::move(out).finish(packet_type::unsubscribe, 2);
}

template <packet_type Type>
result<std::string> encode_one(const signal<Type>&) {
  return writer{}.finish(Type, 0);
}

} // namespace

result<std::string> encode(const packet& value) {
  return std::visit([](const auto& one) { return encode_one(one); }, value);
}

void mark_duplicate(std::string& encoded_publish) noexcept {
  encoded_publish.front() = static_cast<char>(
    static_cast<uint8_t>(encoded_publish.front()) | dup_flag);
}

} // namespace faas::mqtt
