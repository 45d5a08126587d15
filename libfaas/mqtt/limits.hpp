// Bounds of an MQTT session, each with its reason.
#pragma once

#include "libfaas/core/limits.hpp"

namespace faas::mqtt::limits {

using namespace std::chrono_literals;

/// Strings carry a 16 bit length (MQTT 3.1.1, 1.5.3).
inline constexpr size_t text_bytes = 65'535;
/// Remaining length is at most 4 bytes of 7 bits (2.2.3).
inline constexpr size_t remaining_length = 268'435'455;
/// Largest packet taken from a broker: a body plus topic and header.
inline constexpr size_t packet_bytes
  = faas::limits::body_bytes + text_bytes + 16;

/// Deliveries that may wait for their acknowledgement; then reading stops.
/// Above the window of common brokers (mosquitto 20), so that it only bites
/// for QoS 0 floods and generous brokers.
inline constexpr uint32_t deliveries = 64;
/// QoS 1 publishes kept until the broker has them, and their bytes.
inline constexpr uint32_t outbound = 1024;
inline constexpr size_t outbound_bytes = 64 * faas::limits::mib;
/// Topic filters of one session, and how many share one SUBSCRIBE.
inline constexpr size_t filters = 1024;
inline constexpr size_t filters_per_packet = 64;

/// Shorter than the 60 s of most clients: an edge behind NAT.
inline constexpr auto keep_alive = 30s;
/// How long a broker may be silent after CONNECT or PINGREQ.
inline constexpr auto response_timeout = 10s;
/// How long a broker may owe a SUBACK, UNSUBACK or PUBACK; covers the
/// transfer of a large body over a slow link.
inline constexpr auto acknowledge_timeout = 60s;

/// Bounds of the pause between two attempts to connect.
inline constexpr auto reconnect_min = 1s;
inline constexpr auto reconnect_max = 60s;
/// A connection that lasted this long was a good one: pauses start afresh.
inline constexpr auto reconnect_stable = 30s;

} // namespace faas::mqtt::limits
