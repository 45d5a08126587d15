// Small pieces of text of this folder.
#pragma once

#include <boost/asio/ssl/error.hpp>
#include <boost/system/error_code.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string>

namespace faas::tunnel {

/// The address between the brackets of an IPv6 host.
inline std::string plain_host(const std::string& host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    return host.substr(1, host.size() - 2);
  return host;
}

/// What a failed operation on a connection means to a person.
inline std::string reason(const boost::system::error_code& failed) {
  if (failed == boost::asio::ssl::error::stream_truncated)
    return "the connection was closed";
  if (failed.category() != boost::asio::error::get_ssl_category())
    return failed.message();
  switch (ERR_GET_REASON(static_cast<unsigned long>(failed.value()))) {
  case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    return "the other node does not accept this node's certificate: it is of "
           "another cluster";
  case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    return "the other node wants a certificate";
  case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
    return "the other side does not speak Petrel's protocol";
  case SSL_R_CERTIFICATE_VERIFY_FAILED:
    return "the other side's certificate is not of this cluster";
  case SSL_R_WRONG_VERSION_NUMBER:
  case SSL_R_UNSUPPORTED_PROTOCOL:
    return "the other side does not speak TLS 1.3";
  default:
    return failed.message();
  }
}

} // namespace faas::tunnel
