// What a certificate says.
#pragma once

#include "gateway/tls/openssl.hpp"
#include "libfaas/core/id.hpp"
#include "libfaas/trust/rules.hpp"

#include <span>
#include <string_view>

namespace faas::tls {

digest sha256_of(std::string_view bytes);
/// Cryptographic randomness; aborts when the system has none.
void fill_random(std::span<uint8_t> to);
std::string random_hex(size_t bytes);

/// SHA-256 of the certificate's DER form: what a token pins.
digest certificate_digest(X509& of);
/// errc::forbidden when it is no certificate of a Petrel node.
result<trust::certificate_facts> facts_of(X509& of);
/// Likewise from PEM.
result<trust::certificate_facts> facts_of_pem(const std::string& pem);
/// SHA-256 of the public key (SubjectPublicKeyInfo).
digest key_digest(EVP_PKEY& key);

} // namespace faas::tls
