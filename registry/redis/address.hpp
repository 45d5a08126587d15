// Where a Redis server is and how to log in.
#pragma once

#include "libfaas/core/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace faas::registry::redis {

struct address {
  std::string host = "127.0.0.1";
  uint16_t port = 6379;
  std::string socket; ///< path of a unix socket; not empty: used, not host
  std::string user;   ///< ACL user; empty: the default user
  std::string password;
  uint32_t database = 0;
  bool operator==(const address&) const = default;

  /// For messages: no user, no password.
  std::string shown() const;
};

/// Reads redis://[user[:password]@]host[:port][/database],
/// unix://[user[:password]@]/path[?db=N] or a path. User and password may be
/// percent-encoded; "redis://:password@host" has a password only.
/// errc::invalid_argument says what is wrong and never repeats a password.
result<address> parse_address(std::string_view url);

/// The URL with "***" for its password, for listings.
std::string without_password(std::string_view url);

} // namespace faas::registry::redis
