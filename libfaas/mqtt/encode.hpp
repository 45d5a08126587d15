// Packets to bytes.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/mqtt/packet.hpp"

#include <string>

namespace faas::mqtt {

/// The bytes of one packet. Fails with too_large when a string is over 65,535
/// bytes or the packet over 268,435,455. Whether texts are valid UTF-8, topics
/// free of wildcards and ids other than 0 is the caller's duty (topic.hpp).
result<std::string> encode(const packet& value);

/// Sets the DUP flag in the bytes of an encoded PUBLISH [MQTT-3.3.1-1].
void mark_duplicate(std::string& encoded_publish) noexcept;

} // namespace faas::mqtt
