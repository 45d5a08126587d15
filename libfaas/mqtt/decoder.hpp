// Bytes to packets, in whatever pieces they arrive.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/mqtt/packet.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace faas::mqtt {

/// Head of a PUBLISH over the size limit, whose payload is skipped. It is told
/// rather than treated as an error: the broker would send such a message again
/// on each connection, and nothing would ever come after it.
struct oversized_publish {
  publish_packet head; ///< payload is empty
  size_t payload_bytes = 0;
};

using decoded = std::variant<packet, oversized_publish>;

/// Incremental decoder of one direction of one connection. Holds at most one
/// packet of the limit plus what was fed since next() last returned nothing.
/// Not thread safe.
class decoder {
public:
  /// `max_packet_bytes` bounds the remaining length of a packet.
  explicit decoder(size_t max_packet_bytes) noexcept;

  void feed(std::string_view bytes);

  /// The next packet; nothing when it is not whole yet. An error
  /// (invalid_argument: malformed; too_large: over the limit and no PUBLISH)
  /// stays until reset(): the connection must be closed [MQTT-4.8.0-1]. The
  /// header is judged before its body is waited for.
  result<std::optional<decoded>> next();

  /// Forgets all; for a new connection.
  void reset() noexcept;

  /// Bytes fed and not yet consumed.
  size_t buffered() const noexcept { return buffer_.size() - at_; }

private:
  struct header;
  std::string_view pending() const noexcept;
  void consume(size_t bytes);
  result<std::optional<header>> read_header() const;
  result<std::optional<decoded>> take(const header& head);
  result<std::optional<decoded>> take_oversized(const header& head);

  size_t max_packet_bytes_;
  std::string buffer_;
  size_t at_ = 0;   ///< consumed prefix of buffer_
  size_t skip_ = 0; ///< bytes of an oversized payload still to come
  std::optional<error> failure_;
};

} // namespace faas::mqtt
