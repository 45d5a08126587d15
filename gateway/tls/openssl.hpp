// Owning handles of OpenSSL's objects. Internal to gateway/tls and its users.
#pragma once

#include "libfaas/core/error.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace faas::tls {

template <auto Free>
struct frees {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using bio_ptr = std::unique_ptr<BIO, frees<BIO_free_all>>;
using key_ptr = std::unique_ptr<EVP_PKEY, frees<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, frees<X509_free>>;
using request_ptr = std::unique_ptr<X509_REQ, frees<X509_REQ_free>>;
using context_ptr = std::unique_ptr<SSL_CTX, frees<SSL_CTX_free>>;

/// errc::internal with OpenSSL's first reason; empties its error queue.
error openssl_error(const std::string& what);

/// Null when the text holds none.
key_ptr read_key(const std::string& pem);
certificate_ptr read_certificate(const std::string& pem);

} // namespace faas::tls
