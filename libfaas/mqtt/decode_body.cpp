#include "libfaas/mqtt/decode_body.hpp"

#include "libfaas/mqtt/topic.hpp"

namespace faas::mqtt {
namespace {

error malformed(std::string what) {
  return {errc::invalid_argument, "malformed MQTT packet: " + std::move(what)};
}

/// Reads the primitive types of 1.5; once something is missing or ill-formed
/// all further reads give empty values and ok() is false.
class reader {
public:
  explicit reader(std::string_view bytes) noexcept : rest_(bytes) {}

  uint8_t u8() {
    if (!need(1))
      return 0;
    const auto value = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return value;
  }
  uint16_t u16() {
    const auto high = u8();
    return static_cast<uint16_t>(high << 8 | u8());
  }
  std::string binary() {
    const size_t size = u16();
    if (!need(size))
      return {};
    std::string value{rest_.substr(0, size)};
    rest_.remove_prefix(size);
    return value;
  }
  std::string text() {
    auto value = binary();
    ok_ = ok_ && valid_text(value);
    return value;
  }
  /// Packet ids are never 0 [MQTT-2.3.1-1].
  uint16_t packet_id() {
    const auto id = u16();
    ok_ = ok_ && id != 0;
    return id;
  }
  std::string_view rest() const noexcept { return rest_; }
  bool more() const noexcept { return ok_ && !rest_.empty(); }
  bool ok() const noexcept { return ok_; }
  void refuse() noexcept { ok_ = false; }

private:
  bool need(size_t bytes) noexcept {
    ok_ = ok_ && rest_.size() >= bytes;
    return ok_;
  }
  std::string_view rest_;
  bool ok_ = true;
};

/// The value when the body was read to its end without fault.
template <class Packet>
result<packet> whole(const reader& in, Packet value, const char* name) {
  if (!in.ok() || !in.rest().empty())
    return malformed(name);
  return packet{std::move(value)};
}

result<packet> read_connect(reader in) {
  if (in.text() != "MQTT") // [MQTT-3.1.2-1]
    return malformed("CONNECT names another protocol");
  connect_packet value;
  if (in.u8() != static_cast<uint8_t>(protocol_level::v3_1_1))
    return error{errc::incompatible_peer,
                 "CONNECT asks for an MQTT version other than 3.1.1"};
  const auto flags = in.u8();
  const auto will_level = flags >> 3 & 3;
  const bool has_will = flags & 0x04;
  // [MQTT-3.1.2-3], [MQTT-3.1.2-11] to [-15], [MQTT-3.1.2-22]
  if ((flags & 1) || will_level == 3 || (!has_will && (flags & 0x38))
      || (!(flags & 0x80) && (flags & 0x40)))
    return malformed("CONNECT flags");
  value.clean_session = flags & 0x02;
  value.keep_alive_seconds = in.u16();
  value.client_id = in.text();
  if (value.client_id.empty() && !value.clean_session) // [MQTT-3.1.3-7]
    in.refuse();
  if (has_will) {
    auto& will = value.will.emplace();
    will.topic = in.text();
    will.payload = in.binary();
    will.qos = static_cast<qos>(will_level);
    will.retain = flags & 0x20;
    if (!valid_topic(will.topic))
      in.refuse();
  }
  if (flags & 0x80)
    value.username = in.text();
  if (flags & 0x40)
    value.password = in.binary();
  return whole(in, std::move(value), "CONNECT");
}

result<packet> read_connack(reader in) {
  const auto flags = in.u8();
  const auto code = in.u8();
  // Reserved bits (3.2.2.1); a refusal has no session [MQTT-3.2.2-4].
  if (flags > 1 || code > 5 || (flags == 1 && code != 0))
    in.refuse();
  return whole(in, connack_packet{flags == 1, static_cast<connect_code>(code)},
               "CONNACK");
}

template <class Packet>
result<packet> read_acknowledgement(reader in, const char* name) {
  return whole(in, Packet{in.packet_id()}, name);
}

result<packet> read_subscribe(reader in) {
  subscribe_packet value;
  value.packet_id = in.packet_id();
  while (in.more()) {
    auto filter = in.text();
    const auto level = in.u8();
    if (level > 2 || !valid_filter(filter)) // [MQTT-3.8.3-4]
      in.refuse();
    value.subscriptions.push_back({std::move(filter), static_cast<qos>(level)});
  }
  if (value.subscriptions.empty()) // [MQTT-3.8.3-3]
    in.refuse();
  return whole(in, std::move(value), "SUBSCRIBE");
}

result<packet> read_suback(reader in) {
  suback_packet value;
  value.packet_id = in.packet_id();
  while (in.more()) {
    const auto code = in.u8();
    if (code > 2 && code != 0x80) // [MQTT-3.9.3-2]
      in.refuse();
    value.granted.push_back(code == 0x80
                              ? std::optional<qos>{}
                              : std::optional<qos>{static_cast<qos>(code)});
  }
  if (value.granted.empty())
    in.refuse();
  return whole(in, std::move(value), "SUBACK");
}

result<packet> read_unsubscribe(reader in) {
  unsubscribe_packet value;
  value.packet_id = in.packet_id();
  while (in.more()) {
    value.filters.push_back(in.text());
    if (!valid_filter(value.filters.back())) // [MQTT-3.10.3-1]
      in.refuse();
  }
  if (value.filters.empty()) // [MQTT-3.10.3-2]
    in.refuse();
  return whole(in, std::move(value), "UNSUBSCRIBE");
}

result<packet> read_publish(uint8_t flags, std::string_view body) {
  auto head = decode_publish_head(flags, body);
  if (!head)
    return malformed("PUBLISH");
  head->value.payload = body.substr(head->bytes);
  return packet{std::move(head->value)};
}

} // namespace

result<void> check_flags(uint8_t type, uint8_t flags) {
  if (type < 1 || type > 14)
    return malformed("reserved packet type");
  const auto kind = static_cast<packet_type>(type);
  if (kind == packet_type::publish) {
    const auto level = flags >> 1 & 3;
    if (level == 3 || (level == 0 && (flags & 0x08)))
      return malformed("PUBLISH flags");
    return {};
  }
  const bool two = kind == packet_type::pubrel || kind == packet_type::subscribe
                   || kind == packet_type::unsubscribe;
  if (flags != (two ? 2 : 0))
    return malformed("reserved flag bits");
  return {};
}

result<publish_head> decode_publish_head(uint8_t flags,
                                         std::string_view bytes) {
  reader in{bytes};
  publish_head head;
  head.value.dup = flags & 0x08;
  head.value.qos = static_cast<qos>(flags >> 1 & 3);
  head.value.retain = flags & 0x01;
  if (bytes.size() < 2)
    return error{errc::not_found, "more bytes needed"};
  const auto topic_bytes = static_cast<size_t>(
    static_cast<uint8_t>(bytes[0]) << 8 | static_cast<uint8_t>(bytes[1]));
  head.bytes = 2 + topic_bytes + (head.value.qos == qos::at_most_once ? 0 : 2);
  if (bytes.size() < head.bytes)
    return error{errc::not_found, "more bytes needed"};
  head.value.topic = in.text();
  if (head.value.qos != qos::at_most_once)
    head.value.packet_id = in.packet_id();
  if (!in.ok() || !valid_topic(head.value.topic)) // [MQTT-3.3.2-2]
    return malformed("PUBLISH");
  return head;
}

result<packet> decode_body(packet_type type, uint8_t flags,
                           std::string_view body) {
  const reader in{body};
  switch (type) {
  case packet_type::connect:
    return read_connect(in);
  case packet_type::connack:
    return read_connack(in);
  case packet_type::publish:
    return read_publish(flags, body);
  case packet_type::puback:
    return read_acknowledgement<puback_packet>(in, "PUBACK");
  case packet_type::pubrec:
    return read_acknowledgement<pubrec_packet>(in, "PUBREC");
  case packet_type::pubrel:
    return read_acknowledgement<pubrel_packet>(in, "PUBREL");
  case packet_type::pubcomp:
    return read_acknowledgement<pubcomp_packet>(in, "PUBCOMP");
  case packet_type::subscribe:
    return read_subscribe(in);
  case packet_type::suback:
    return read_suback(in);
  case packet_type::unsubscribe:
    return read_unsubscribe(in);
  case packet_type::unsuback:
    return read_acknowledgement<unsuback_packet>(in, "UNSUBACK");
  case packet_type::pingreq:
    return whole(in, pingreq_packet{}, "PINGREQ");
  case packet_type::pingresp:
    return whole(in, pingresp_packet{}, "PINGRESP");
  case packet_type::disconnect:
    return whole(in, disconnect_packet{}, "DISCONNECT");
  }
  return malformed("reserved packet type");
}

} // namespace faas::mqtt
