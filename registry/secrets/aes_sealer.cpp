#include "registry/secrets/aes_sealer.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace faas::registry {
namespace {

constexpr size_t nonce_bytes = 12;
constexpr size_t tag_bytes = 16;

using context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

context make_context() {
  return {EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
}

const unsigned char* in(std::string_view bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* out(char* bytes) noexcept {
  return reinterpret_cast<unsigned char*>(bytes);
}

/// What the tag covers besides the value: names hold no zero byte.
std::string bound_to(const std::string& key, const secret_name& name,
                     uint64_t version) {
  std::string text = "petrel secret 1";
  text += '\0' + key + '\0' + name.str() + '\0';
  for (int shift = 56; shift >= 0; shift -= 8)
    text += static_cast<char>(version >> shift & 255);
  return text;
}

error openssl_failed() {
  return {errc::internal, "OpenSSL has no AES-256-GCM",
          "check its configuration (FIPS settings, providers)"};
}

} // namespace

result<sealed_secret> aes_sealer::seal(const secret_name& name,
                                       uint64_t version,
                                       std::string_view value) const {
  sealed_secret made;
  made.version = version;
  made.key = key_.id();
  made.box.resize(nonce_bytes + value.size() + tag_bytes);
  auto* nonce = out(made.box.data());
  auto* body = nonce + nonce_bytes;
  const auto about = bound_to(key_.id(), name, version);
  const auto c = make_context();
  int size = 0;
  if (!c || RAND_bytes(nonce, nonce_bytes) != 1
      || EVP_EncryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr,
                            key_.bytes().data(), nonce)
           != 1
      || EVP_EncryptUpdate(c.get(), nullptr, &size, in(about),
                           static_cast<int>(about.size()))
           != 1
      || EVP_EncryptUpdate(c.get(), body, &size, in(value),
                           static_cast<int>(value.size()))
           != 1
      || EVP_EncryptFinal_ex(c.get(), body + size, &size) != 1
      || EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes,
                             body + value.size())
           != 1)
    return openssl_failed();
  return made;
}

result<secret_text> aes_sealer::open(const secret_name& name,
                                     const sealed_secret& secret) const {
  const auto mend = "put the right key back, or update the secret: faas-cli "
                    "secret update "
                    + name.str();
  if (secret.key != key_.id())
    return error{errc::unavailable,
                 "secret '" + name.str() + "' was sealed with key "
                   + secret.key.substr(0, 16) + ", this controller has key "
                   + key_.id(),
                 mend};
  const error damaged{errc::internal,
                      "the record of secret '" + name.str()
                        + "' was changed or belongs to another one",
                      mend};
  if (secret.box.size() < nonce_bytes + tag_bytes)
    return damaged;
  const std::string_view box = secret.box;
  const auto body
    = box.substr(nonce_bytes, box.size() - nonce_bytes - tag_bytes);
  std::string tag{box.substr(box.size() - tag_bytes)}; // EVP takes no const
  const auto about = bound_to(secret.key, name, secret.version);
  auto value = secret_text::sized(body.size());
  unsigned char rest[EVP_MAX_BLOCK_LENGTH];
  const auto c = make_context();
  int size = 0;
  if (!c
      || EVP_DecryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr,
                            key_.bytes().data(), in(box))
           != 1)
    return openssl_failed();
  if (EVP_DecryptUpdate(c.get(), nullptr, &size, in(about),
                        static_cast<int>(about.size()))
        != 1
      || EVP_DecryptUpdate(c.get(), out(value.data()), &size, in(body),
                           static_cast<int>(body.size()))
           != 1
      || EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes,
                             tag.data())
           != 1
      || EVP_DecryptFinal_ex(c.get(), rest, &size) != 1)
    return damaged;
  return value;
}

} // namespace faas::registry
