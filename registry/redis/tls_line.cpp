#include "registry/redis/tls_line.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace faas::registry::redis {
namespace {

struct context_closer {
  void operator()(SSL_CTX* made) const noexcept { ::SSL_CTX_free(made); }
};
using context = std::unique_ptr<SSL_CTX, context_closer>;

error wrong_file(const char* key, const std::string& file) {
  ::ERR_clear_error();
  return {errc::unavailable,
          "cannot use " + std::string{key} + " " + file,
          "it must be a PEM file that this user may read, and key and "
          "certificate must fit each other"};
}

result<void> use_files(SSL_CTX* in, const tls_files& files) {
  const auto& [ca, certificate, key] = files;
  const bool trusts
    = ca.empty() ? ::SSL_CTX_set_default_verify_paths(in) == 1
                 : ::SSL_CTX_load_verify_file(in, ca.c_str()) == 1;
  if (!trusts)
    return wrong_file("registry.redis_ca_file", ca);
  if (certificate.empty())
    return {};
  if (::SSL_CTX_use_certificate_chain_file(in, certificate.c_str()) != 1)
    return wrong_file("registry.redis_cert_file", certificate);
  if (::SSL_CTX_use_PrivateKey_file(in, key.c_str(), SSL_FILETYPE_PEM) != 1)
    return wrong_file("registry.redis_key_file", key);
  return {};
}

bool is_address(const std::string& host) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1
         || ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

/// The certificate must name what was dialled.
bool expect(SSL* line, const std::string& host) {
  if (is_address(host))
    return ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(line),
                                           host.c_str())
           == 1;
  return ::SSL_set1_host(line, host.c_str()) == 1
         && ::SSL_set_tlsext_host_name(line, host.c_str()) == 1;
}

} // namespace

void tls_line::closer::operator()(ssl_st* made) const noexcept {
  ::SSL_free(made);
}

result<tls_line> tls_line::open(const tls_files& files,
                                const std::string& host) {
  const error no_memory{errc::unavailable, "OpenSSL has no memory"};
  const context in{::SSL_CTX_new(::TLS_client_method())};
  if (!in)
    return no_memory;
  ::SSL_CTX_set_min_proto_version(in.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_verify(in.get(), SSL_VERIFY_PEER, nullptr);
  if (auto used = use_files(in.get(), files); !used)
    return used.error();
  tls_line made{::SSL_new(in.get())};
  auto* const line = made.line_.get();
  if (line == nullptr || !expect(line, host))
    return no_memory;
  auto* const came = ::BIO_new(::BIO_s_mem());
  auto* const going = ::BIO_new(::BIO_s_mem());
  if (came == nullptr || going == nullptr) {
    ::BIO_free(came);
    ::BIO_free(going);
    return no_memory;
  }
  ::SSL_set_bio(line, came, going); // owns them
  ::SSL_set_connect_state(line);
  return made;
}

error tls_line::broken(int answer) const {
  const auto verified = ::SSL_get_verify_result(line_.get());
  std::string why = "TLS failed";
  if (verified != X509_V_OK)
    why = std::string{"its certificate is refused: "}
          + ::X509_verify_cert_error_string(verified);
  else if (const auto* reason
           = ::ERR_reason_error_string(::ERR_peek_last_error());
           reason != nullptr)
    why += std::string{": "} + reason;
  else if (::SSL_get_error(line_.get(), answer) == SSL_ERROR_ZERO_RETURN)
    why = "the server closed the connection";
  ::ERR_clear_error();
  return {errc::unavailable, why, hint};
}

result<bool> tls_line::shake_hands() {
  ::ERR_clear_error();
  const int answer = ::SSL_do_handshake(line_.get());
  if (answer == 1)
    return true;
  if (::SSL_get_error(line_.get(), answer) == SSL_ERROR_WANT_READ)
    return false;
  return broken(answer);
}

result<void> tls_line::write(std::string_view plain) {
  ::ERR_clear_error();
  while (!plain.empty()) { // a memory BIO takes all
    size_t done = 0;
    const int answer
      = ::SSL_write_ex(line_.get(), plain.data(), plain.size(), &done);
    if (answer != 1)
      return broken(answer);
    plain.remove_prefix(done);
  }
  return {};
}

std::string tls_line::output() {
  auto* const going = ::SSL_get_wbio(line_.get());
  std::string all(::BIO_ctrl_pending(going), '\0');
  if (!all.empty())
    all.resize(static_cast<size_t>(std::max(
      0, ::BIO_read(going, all.data(), static_cast<int>(all.size())))));
  return all;
}

void tls_line::put_in(std::string_view came) {
  ::BIO_write(::SSL_get_rbio(line_.get()), came.data(),
              static_cast<int>(came.size()));
}

result<std::string> tls_line::read() {
  std::string all;
  for (;;) {
    char part[16 * 1024];
    size_t got = 0;
    ::ERR_clear_error();
    const int answer = ::SSL_read_ex(line_.get(), part, sizeof part, &got);
    if (answer == 1) {
      all.append(part, got);
      continue;
    }
    if (::SSL_get_error(line_.get(), answer) == SSL_ERROR_WANT_READ)
      return all;
    if (!all.empty())
      return all; // the next call tells
    return broken(answer);
  }
}

} // namespace faas::registry::redis
