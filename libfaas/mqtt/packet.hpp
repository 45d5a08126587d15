// The control packets of MQTT 3.1.1 as values (OASIS Standard, 29 Oct 2014).
// Statement numbers such as [MQTT-2.3.1-1] are those of its appendix B.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace faas::mqtt {

/// Protocol level byte of CONNECT (3.1.2.2).
enum class protocol_level : uint8_t { v3_1_1 = 4 };

/// Quality of service. The session takes part in the first two only; the
/// third is decoded so that it can be refused by name.
enum class qos : uint8_t { at_most_once, at_least_once, exactly_once };

/// Type nibble of the fixed header (2.2.1).
enum class packet_type : uint8_t {
  connect = 1,
  connack,
  publish,
  puback,
  pubrec,
  pubrel,
  pubcomp,
  subscribe,
  suback,
  unsubscribe,
  unsuback,
  pingreq,
  pingresp,
  disconnect,
};

/// Message that the broker publishes when this client vanishes.
struct will {
  std::string topic;
  std::string payload;
  mqtt::qos qos = qos::at_most_once;
  bool retain = false;
  bool operator==(const will&) const = default;
};

struct connect_packet {
  protocol_level level = protocol_level::v3_1_1;
  std::string client_id;
  bool clean_session = false;
  uint16_t keep_alive_seconds = 0;
  std::optional<mqtt::will> will;
  std::optional<std::string> username;
  std::optional<std::string> password;
  bool operator==(const connect_packet&) const = default;
};

/// Return codes of CONNACK (table 3.1).
enum class connect_code : uint8_t {
  accepted,
  unacceptable_protocol,
  identifier_rejected,
  server_unavailable,
  bad_credentials,
  not_authorized,
};

struct connack_packet {
  bool session_present = false;
  connect_code code = connect_code::accepted;
  bool operator==(const connack_packet&) const = default;
};

struct publish_packet {
  std::string topic;
  std::string payload;
  mqtt::qos qos = qos::at_most_once;
  bool retain = false;
  bool dup = false;
  uint16_t packet_id = 0; ///< not 0 unless qos is at_most_once
  bool operator==(const publish_packet&) const = default;
};

/// A packet that is its type and a packet id, nothing else.
template <packet_type Type>
struct acknowledgement {
  static constexpr packet_type type = Type;
  uint16_t packet_id = 0;
  bool operator==(const acknowledgement&) const = default;
};
using puback_packet = acknowledgement<packet_type::puback>;
using pubrec_packet = acknowledgement<packet_type::pubrec>;
using pubrel_packet = acknowledgement<packet_type::pubrel>;
using pubcomp_packet = acknowledgement<packet_type::pubcomp>;
using unsuback_packet = acknowledgement<packet_type::unsuback>;

/// One topic filter and the most that the broker should send for it.
struct subscription {
  std::string filter;
  mqtt::qos qos = qos::at_least_once;
  bool operator==(const subscription&) const = default;
};

struct subscribe_packet {
  uint16_t packet_id = 0;
  std::vector<subscription> subscriptions;
  bool operator==(const subscribe_packet&) const = default;
};

struct suback_packet {
  uint16_t packet_id = 0;
  /// One per filter, in order: granted quality, or nothing when refused.
  std::vector<std::optional<qos>> granted;
  bool operator==(const suback_packet&) const = default;
};

struct unsubscribe_packet {
  uint16_t packet_id = 0;
  std::vector<std::string> filters;
  bool operator==(const unsubscribe_packet&) const = default;
};

/// A packet that is its type, nothing else.
template <packet_type Type>
struct signal {
  static constexpr packet_type type = Type;
  bool operator==(const signal&) const = default;
};
using pingreq_packet = signal<packet_type::pingreq>;
using pingresp_packet = signal<packet_type::pingresp>;
using disconnect_packet = signal<packet_type::disconnect>;

using packet
  = std::variant<connect_packet, connack_packet, publish_packet, puback_packet,
                 pubrec_packet, pubrel_packet, pubcomp_packet, subscribe_packet,
                 suback_packet, unsubscribe_packet, unsuback_packet,
                 pingreq_packet, pingresp_packet, disconnect_packet>;

} // namespace faas::mqtt
