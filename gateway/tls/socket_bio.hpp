// OpenSSL on a socket of Asio's.
#pragma once

#include "gateway/tls/openssl.hpp"

#include <boost/asio/ssl/error.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>

namespace faas::tls {

/// Reads from and writes to that descriptor, which stays its owner's. Never
/// blocks, raises no SIGPIPE.
bio_ptr socket_bio(int descriptor);

/// How one operation of OpenSSL went.
enum class progress : uint8_t { done, wants_read, wants_write, failed };

struct step {
  progress now = progress::done;
  size_t size = 0; ///< bytes moved
  /// With `done`: nothing comes after these bytes, and why.
  boost::system::error_code failed;
};

/// Fills the buffer with what is there. done: something came.
step read_some(SSL& stream, void* to, size_t size);
/// Writes all of it, or wants to be called again with the same bytes.
step write_all(SSL& stream, const void* from, size_t size);
step handshake(SSL& stream);

} // namespace faas::tls
