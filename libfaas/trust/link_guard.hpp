// Looks at the bytes of CAF's transport before CAF does.
#pragma once

#include "libfaas/core/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace faas::trust {

/// CAF reads what length a peer announces, takes any sender that a message
/// names, and forwards for others. This lets pass only what two nodes need: a
/// handshake (CAF may repeat it: the same again), then messages between these
/// two, of bounded length. One per direction of a connection; not thread safe.
class link_guard {
public:
  enum class side : uint8_t { dialled, accepted };
  /// A frame between nodes is at most a fraction of it.
  static constexpr uint32_t max_payload = 1024 * 1024, max_handshake = 4096;

  /// Which end the bytes come from: the dialled peer greets first.
  explicit link_guard(side from) : from_(from) {}

  /// The next bytes, cut anywhere. After an error nothing may pass any more.
  result<void> feed(std::string_view bytes);
  /// Begins with the transport id of the peer; nullopt before its handshake is
  /// complete.
  const std::optional<std::string>& announced() const noexcept {
    return announced_;
  }

private:
  static constexpr size_t header_size = 32;
  result<void> take_header();
  result<void> take_handshake();

  side from_;
  std::string header_;    ///< what is there of it
  uint32_t payload_ = 0;  ///< bytes still to come
  bool greeting_ = false; ///< the payload is the handshake's
  std::string handshake_;
  std::optional<std::string> announced_;
};

} // namespace faas::trust
