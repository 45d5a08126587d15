#include "gateway/tls/certificate.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <ctime>

namespace faas::tls {
namespace {

struct names_free {
  void operator()(GENERAL_NAMES* names) const noexcept {
    GENERAL_NAMES_free(names);
  }
};

digest sha256_of_bytes(const void* bytes, size_t size) {
  digest made;
  unsigned int length = 0;
  if (EVP_Digest(bytes, size, made.bytes.data(), &length, EVP_sha256(), nullptr)
      != 1)
    std::abort(); // out of memory, or a libcrypto without SHA-256
  return made;
}

wall_time time_of(const ASN1_TIME* at) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(at, &parts) != 1)
    return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string serial_of(X509& of) {
  const auto* serial = X509_get0_serialNumber(&of);
  const auto* bytes = ASN1_STRING_get0_data(serial);
  std::string text;
  for (int i = 0; i < ASN1_STRING_length(serial); ++i) {
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return text;
}

} // namespace

error openssl_error(const std::string& what) {
  char reason[256] = "unknown";
  if (const auto code = ERR_get_error(); code != 0)
    ERR_error_string_n(code, reason, sizeof reason);
  ERR_clear_error();
  return {errc::internal, what + ": " + reason};
}

key_ptr read_key(const std::string& pem) {
  const bio_ptr from{
    BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  key_ptr key{PEM_read_bio_PrivateKey(from.get(), nullptr, nullptr, nullptr)};
  ERR_clear_error();
  return key;
}

certificate_ptr read_certificate(const std::string& pem) {
  const bio_ptr from{
    BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  certificate_ptr made{
    PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr)};
  ERR_clear_error();
  return made;
}

digest sha256_of(std::string_view bytes) {
  return sha256_of_bytes(bytes.data(), bytes.size());
}

void fill_random(std::span<uint8_t> to) {
  if (RAND_bytes(to.data(), static_cast<int>(to.size())) != 1)
    std::abort();
}

std::string random_hex(size_t bytes) {
  std::string text;
  for (size_t i = 0; i < bytes; ++i) {
    uint8_t one = 0;
    fill_random({&one, 1});
    text += "0123456789abcdef"[one >> 4];
    text += "0123456789abcdef"[one & 15];
  }
  return text;
}

digest certificate_digest(X509& of) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(&of, &der);
  const auto made
    = sha256_of_bytes(der, static_cast<size_t>(std::max(size, 0)));
  OPENSSL_free(der);
  return made;
}

digest key_digest(EVP_PKEY& key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(&key, &der);
  const auto made
    = sha256_of_bytes(der, static_cast<size_t>(std::max(size, 0)));
  OPENSSL_free(der);
  return made;
}

result<trust::certificate_facts> facts_of(X509& of) {
  const std::unique_ptr<GENERAL_NAMES, names_free> names{
    static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&of, NID_subject_alt_name, nullptr, nullptr))};
  trust::certificate_facts facts;
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  bool found = false;
  for (int i = 0; i < count && !found; ++i) {
    const auto* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI)
      continue;
    const auto* uri = name->d.uniformResourceIdentifier;
    found = trust::parse_identity_uri(
      {reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
       static_cast<size_t>(ASN1_STRING_length(uri))},
      facts.cluster, facts.identity);
  }
  if (!found)
    return error{errc::forbidden,
                 "the peer's certificate is not that of a Petrel node"};
  facts.serial = serial_of(of);
  facts.from = time_of(X509_get0_notBefore(&of));
  facts.until = time_of(X509_get0_notAfter(&of));
  return facts;
}

result<trust::certificate_facts> facts_of_pem(const std::string& pem) {
  const auto certificate = read_certificate(pem);
  if (!certificate)
    return error{errc::invalid_argument, "the certificate cannot be read"};
  return facts_of(*certificate);
}

} // namespace faas::tls
