// TLS over a connection whose bytes somebody else moves. Internal to this folder.
#pragma once

#include "libfaas/core/result.hpp"
#include "registry/redis/address.hpp"

#include <memory>
#include <string>
#include <string_view>

struct ssl_st;

namespace faas::registry::redis {

/// The client's end: TLS 1.2 or 1.3; the server's certificate must be signed by
/// the CA and name the host. What it writes is to be sent, what comes is to be
/// put in. Not thread safe.
class tls_line {
public:
  /// What to do when it fails.
  static constexpr const char* hint
    = "check that Redis speaks TLS there, registry.redis_ca_file, the host's "
      "name in its certificate, and registry.redis_cert_file if it wants a "
      "certificate";

  /// Reads the files. errc::unavailable, which names the one that is wrong.
  static result<tls_line> open(const tls_files& files, const std::string& host);

  /// Goes on with the handshake. True: it is over.
  result<bool> shake_hands();
  /// Encrypts; output() has it then.
  result<void> write(std::string_view plain);
  /// What is to be sent now.
  std::string output();
  void put_in(std::string_view came);
  /// Everything that can be read of what came; empty: nothing yet.
  result<std::string> read();

private:
  struct closer {
    void operator()(ssl_st* made) const noexcept;
  };
  explicit tls_line(ssl_st* made) : line_(made) {}
  error broken(int answer) const;

  std::unique_ptr<ssl_st, closer> line_;
};

} // namespace faas::registry::redis
