// What follows the fixed header. Internal to the codec.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/mqtt/packet.hpp"

#include <string_view>

namespace faas::mqtt {

/// Whether the type is known and its flag bits are as table 2.2 demands
/// [MQTT-2.2.2-2]; for PUBLISH also [MQTT-3.3.1-2] and [MQTT-3.3.1-4].
result<void> check_flags(uint8_t type, uint8_t flags);

/// Decodes the body of a packet whose flags were checked.
result<packet> decode_body(packet_type type, uint8_t flags,
                           std::string_view body);

/// Decodes what precedes the payload of a PUBLISH and tells how many bytes it
/// took; `bytes` may end anywhere behind it. Also not_found when more bytes
/// are needed.
struct publish_head {
  publish_packet value;
  size_t bytes = 0;
};
result<publish_head> decode_publish_head(uint8_t flags, std::string_view bytes);

} // namespace faas::mqtt
