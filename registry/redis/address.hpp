// Where a Redis server is and how to log in.
#pragma once

#include "libfaas/core/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace faas::registry::redis {

/// Where a server listens.
struct endpoint {
  std::string host = "127.0.0.1";
  uint16_t port = 6379;
  bool operator==(const endpoint&) const = default;
  std::string shown() const;
};

/// PEM files for TLS; read at each connect, so they may be renewed.
struct tls_files {
  std::string ca;          ///< empty: what this machine trusts
  std::string certificate; ///< of this client; empty: none
  std::string key;         ///< of that certificate
  bool operator==(const tls_files&) const = default;
};

struct address {
  std::string host = "127.0.0.1";
  uint16_t port = 6379;
  std::string socket; ///< path of a unix socket; not empty: used, not host
  std::string user;   ///< ACL user; empty: the default user
  std::string password;
  uint32_t database = 0;
  /// Not empty: these are asked where the master of that name is.
  std::vector<endpoint> sentinels;
  std::string master;
  bool tls = false; ///< to the server and to the sentinels
  tls_files files;
  bool operator==(const address&) const = default;

  /// For messages: no user, no password.
  std::string shown() const;
};

/// Reads redis://[user[:password]@]host[:port][/database], rediss:// likewise
/// for TLS,
/// unix://[user[:password]@]/path[?db=N], a path, or
/// sentinel://[user[:password]@]host[:port],.../master[?db=N] (default port
/// 26379; sentinel+tls:// likewise for TLS; sentinels that want a log-in get the
/// same as the master). User and password may be
/// percent-encoded; "redis://:password@host" has a password only.
/// errc::invalid_argument says what is wrong and never repeats a password.
result<address> parse_address(std::string_view url);

/// The URL with "***" for its password, for listings.
std::string without_password(std::string_view url);

} // namespace faas::registry::redis
