#include "gateway/tls/keys.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace faas::tls {
namespace {

constexpr size_t max_pem = 16 * 1024;
/// Serial numbers are positive and of at most 20 bytes; ours have 16.
constexpr size_t serial_digits = 32;

std::string text_of(BIO& from) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(&from, &data);
  return size > 0 ? std::string{data, static_cast<size_t>(size)}
                  : std::string{};
}

result<std::string> key_to_pem(EVP_PKEY& key) {
  const bio_ptr to{BIO_new(BIO_s_mem())};
  if (PEM_write_bio_PrivateKey(to.get(), &key, nullptr, nullptr, 0, nullptr,
                               nullptr)
      != 1)
    return openssl_error("cannot write a key");
  return text_of(*to);
}

result<std::string> to_pem(X509& certificate) {
  const bio_ptr to{BIO_new(BIO_s_mem())};
  if (PEM_write_bio_X509(to.get(), &certificate) != 1)
    return openssl_error("cannot write a certificate");
  return text_of(*to);
}

request_ptr read_request(const std::string& pem) {
  const bio_ptr from{
    BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  request_ptr made{
    PEM_read_bio_X509_REQ(from.get(), nullptr, nullptr, nullptr)};
  ERR_clear_error();
  return made;
}

bool is_p256(EVP_PKEY& key) {
  char group[64] = "";
  size_t length = 0;
  return EVP_PKEY_is_a(&key, "EC") == 1
         && EVP_PKEY_get_group_name(&key, group, sizeof group, &length) == 1
         && std::string_view{group} == SN_X9_62_prime256v1;
}

bool set_times(X509& of, wall_time from, wall_time until) {
  const auto seconds = [](wall_time at) {
    return std::chrono::system_clock::to_time_t(at);
  };
  return ASN1_TIME_set(X509_getm_notBefore(&of), seconds(from)) != nullptr
         && ASN1_TIME_set(X509_getm_notAfter(&of), seconds(until)) != nullptr;
}

bool set_serial(X509& of, const std::string& hex) {
  BIGNUM* number = nullptr;
  const bool good = hex.size() == serial_digits
                    && BN_hex2bn(&number, hex.c_str()) == serial_digits
                    && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(&of));
  BN_free(number);
  return good;
}

bool set_name(X509_NAME* to, const std::string& text) {
  // A common name has at most 64 characters (RFC 5280); ours is for people.
  const auto cut = text.substr(0, 64);
  return X509_NAME_add_entry_by_txt(
           to, "CN", MBSTRING_UTF8,
           reinterpret_cast<const unsigned char*>(cut.c_str()), -1, -1, 0)
         == 1;
}

bool add_extension(X509& to, X509& issuer, int kind, const std::string& value) {
  X509V3_CTX about;
  X509V3_set_ctx(&about, &issuer, &to, nullptr, nullptr, 0);
  auto* made = X509V3_EXT_conf_nid(nullptr, &about, kind, value.c_str());
  const bool good = made != nullptr && X509_add_ext(&to, made, -1) == 1;
  X509_EXTENSION_free(made);
  return good;
}

bool fill_authority(X509& made, EVP_PKEY& key, const std::string& cluster,
                    wall_time now) {
  return X509_set_version(&made, X509_VERSION_3) == 1
         && set_serial(made, "01" + random_hex(15))
         && set_times(made, now - trust::clock_skew,
                      now + trust::authority_life)
         && set_name(X509_get_subject_name(&made), "Petrel cluster " + cluster)
         && X509_set_issuer_name(&made, X509_get_subject_name(&made)) == 1
         && X509_set_pubkey(&made, &key) == 1
         && add_extension(made, made, NID_basic_constraints,
                          "critical,CA:TRUE,pathlen:0")
         && add_extension(made, made, NID_key_usage,
                          "critical,keyCertSign,cRLSign")
         && add_extension(made, made, NID_subject_key_identifier, "hash")
         && X509_sign(&made, &key, EVP_sha256()) > 0;
}

bool fill_certificate(X509& made, X509& issuer, EVP_PKEY& issuer_key,
                      EVP_PKEY& key, const order& wanted) {
  return X509_set_version(&made, X509_VERSION_3) == 1
         && set_serial(made, wanted.serial)
         && set_times(made, wanted.from, wanted.until)
         && set_name(X509_get_subject_name(&made), wanted.identity.node.str())
         && X509_set_issuer_name(&made, X509_get_subject_name(&issuer)) == 1
         && X509_set_pubkey(&made, &key) == 1
         && add_extension(made, issuer, NID_basic_constraints,
                          "critical,CA:FALSE")
         && add_extension(made, issuer, NID_key_usage,
                          "critical,digitalSignature")
         && add_extension(made, issuer, NID_ext_key_usage,
                          "serverAuth,clientAuth")
         && add_extension(made, issuer, NID_authority_key_identifier, "keyid")
         && add_extension(made, issuer, NID_subject_alt_name,
                          "URI:"
                            + trust::identity_uri(wanted.cluster,
                                                  wanted.identity))
         && X509_sign(&made, &issuer_key, EVP_sha256()) > 0;
}

} // namespace

result<std::string> make_key() {
  const key_ptr key{EVP_EC_gen("P-256")};
  if (!key)
    return openssl_error("cannot make a key");
  return key_to_pem(*key);
}

result<trust::authority_keys> make_authority(const std::string& cluster,
                                             wall_time now) {
  const key_ptr key{EVP_EC_gen("P-256")};
  const certificate_ptr made{X509_new()};
  if (!key || !made || !fill_authority(*made, *key, cluster, now))
    return openssl_error("cannot make the cluster's CA");
  auto key_text = key_to_pem(*key);
  auto text = to_pem(*made);
  if (!key_text || !text)
    return openssl_error("cannot write the cluster's CA");
  return trust::authority_keys{cluster, std::move(*key_text),
                               std::move(*text)};
}

result<std::string> make_request(const std::string& key) {
  const auto own = read_key(key);
  if (!own)
    return error{errc::invalid_argument, "the node's key cannot be read"};
  const request_ptr made{X509_REQ_new()};
  const bio_ptr to{BIO_new(BIO_s_mem())};
  if (!made || X509_REQ_set_pubkey(made.get(), own.get()) != 1
      || X509_REQ_sign(made.get(), own.get(), EVP_sha256()) <= 0
      || PEM_write_bio_X509_REQ(to.get(), made.get()) != 1)
    return openssl_error("cannot make a certificate request");
  return text_of(*to);
}

result<digest> check_request(const std::string& request) {
  const auto bad = [](const char* why) {
    return error{errc::invalid_argument,
                 std::string{"the certificate request "} + why};
  };
  if (request.size() > max_pem)
    return bad("is too long");
  const auto read = read_request(request);
  if (!read)
    return bad("cannot be read");
  const key_ptr key{X509_REQ_get_pubkey(read.get())};
  if (!key || !is_p256(*key)) {
    ERR_clear_error();
    return bad("is not for a P-256 key");
  }
  if (X509_REQ_verify(read.get(), key.get()) != 1) {
    ERR_clear_error();
    return bad("is not signed by its own key");
  }
  return key_digest(*key);
}

result<std::string> sign(const trust::authority_keys& authority,
                         const std::string& request, const order& wanted) {
  const auto issuer_key = read_key(authority.key);
  const auto issuer = read_certificate(authority.certificate);
  const auto asked = read_request(request);
  if (!issuer_key || !issuer || !asked)
    return error{errc::invalid_argument,
                 "the cluster's CA or the certificate request cannot be read"};
  const key_ptr key{X509_REQ_get_pubkey(asked.get())};
  const certificate_ptr made{X509_new()};
  if (!key || !made
      || !fill_certificate(*made, *issuer, *issuer_key, *key, wanted))
    return openssl_error("cannot sign a certificate");
  return to_pem(*made);
}

result<void> check_identity(const trust::node_identity& identity) {
  const auto key = read_key(identity.key);
  const auto certificate = read_certificate(identity.certificate);
  const auto issuer = read_certificate(identity.authority);
  const auto bad = [](const char* why) {
    return error{errc::invalid_argument,
                 std::string{"the node's identity is damaged: "} + why,
                 "let the node join again: `faas-cli node token`, then "
                 "`faas-node join TOKEN`"};
  };
  if (!key || !certificate || !issuer)
    return bad("a part of it cannot be read");
  const auto issuer_key = X509_get0_pubkey(issuer.get());
  const bool fits = X509_check_private_key(certificate.get(), key.get()) == 1;
  const bool ours
    = issuer_key && X509_verify(certificate.get(), issuer_key) == 1;
  ERR_clear_error();
  if (!fits)
    return bad("the key is not that of the certificate");
  if (!ours)
    return bad("its cluster has not signed the certificate");
  const auto facts = facts_of(*certificate);
  if (!facts || facts->identity != identity.self
      || facts->cluster != identity.cluster)
    return bad("the certificate is for another node");
  return {};
}

} // namespace faas::tls
