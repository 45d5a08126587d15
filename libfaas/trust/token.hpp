// The one-time token with which a node joins a cluster.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace faas::trust {

/// What a token says. Its text is secret until it is used or has expired.
struct join_token {
  static constexpr size_t max_text = 2048, max_addresses = 8, max_name = 128,
                          max_address = 255;

  std::string cluster;              ///< id of the cluster
  digest ca;                        ///< SHA-256 of the CA's certificate (DER)
  std::array<uint8_t, 20> secret{}; ///< good for one node
  std::string tier;                 ///< of the node; empty: it may choose
  int64_t expires = 0;              ///< seconds since 1970, UTC
  std::vector<std::string> addresses; ///< "host:port" to dial, in turn

  /// "petrel1_" and base32 with a checksum: letters and digits only, selected
  /// by a double click. errc::invalid_argument when a field is over its limit.
  result<std::string> to_text() const;
  /// Blanks and line breaks do not matter, nor does case.
  /// errc::invalid_argument, with what to do.
  static result<join_token> parse(std::string_view text);

  bool operator==(const join_token&) const = default;
};

/// "host:port" with a port from 1 to 65535; "[address]:port" for IPv6.
bool valid_address(std::string_view text) noexcept;

} // namespace faas::trust
