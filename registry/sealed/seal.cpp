#include "registry/sealed/seal.hpp"

#include <memory>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace faas::registry {
namespace {

constexpr size_t nonce_bytes = 12, tag_bytes = 16;
constexpr size_t max_plain = size_t{64} << 20;

struct cipher_closer {
  void operator()(EVP_CIPHER_CTX* made) const noexcept {
    ::EVP_CIPHER_CTX_free(made);
  }
};
using cipher = std::unique_ptr<EVP_CIPHER_CTX, cipher_closer>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

error broken() {
  return {errc::internal, "OpenSSL has no AES-256-GCM",
          "check its configuration (FIPS settings, providers)"};
}

} // namespace

result<std::string> seal(const symmetric_key& key, std::string_view what,
                         std::string_view plain) {
  if (plain.size() > max_plain)
    return error{errc::too_large, "too much to be sealed"};
  std::string made(nonce_bytes + plain.size() + tag_bytes, '\0');
  auto* const nonce = bytes_of(made);
  auto* const text = nonce + nonce_bytes;
  auto* const tag = text + plain.size();
  const cipher with{::EVP_CIPHER_CTX_new()};
  int size = 0;
  const bool done
    = with && ::RAND_bytes(nonce, nonce_bytes) == 1
      && ::EVP_EncryptInit_ex(with.get(), ::EVP_aes_256_gcm(), nullptr,
                              key.bytes().data(), nonce)
           == 1
      && ::EVP_EncryptUpdate(with.get(), nullptr, &size, bytes_of(what),
                             static_cast<int>(what.size()))
           == 1
      && ::EVP_EncryptUpdate(with.get(), text, &size, bytes_of(plain),
                             static_cast<int>(plain.size()))
           == 1
      && ::EVP_EncryptFinal_ex(with.get(), tag, &size) == 1
      && ::EVP_CIPHER_CTX_ctrl(with.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, tag)
           == 1;
  if (!done)
    return broken();
  return made;
}

result<secret_text> unseal(const symmetric_key& key, std::string_view what,
                           std::string_view sealed) {
  const error refused{errc::forbidden,
                      "it was sealed with another key, or has been changed"};
  if (sealed.size() < nonce_bytes + tag_bytes
      || sealed.size() > max_plain + nonce_bytes + tag_bytes)
    return refused;
  const auto text
    = sealed.substr(nonce_bytes, sealed.size() - nonce_bytes - tag_bytes);
  std::string tag{sealed.substr(sealed.size() - tag_bytes)};
  auto plain = secret_text::sized(text.size());
  auto* const out = reinterpret_cast<unsigned char*>(plain.data());
  unsigned char rest[EVP_MAX_BLOCK_LENGTH];
  const cipher with{::EVP_CIPHER_CTX_new()};
  int size = 0;
  const bool done
    = with
      && ::EVP_DecryptInit_ex(with.get(), ::EVP_aes_256_gcm(), nullptr,
                              key.bytes().data(), bytes_of(sealed))
           == 1
      && ::EVP_DecryptUpdate(with.get(), nullptr, &size, bytes_of(what),
                             static_cast<int>(what.size()))
           == 1
      && ::EVP_DecryptUpdate(with.get(), out, &size,
                             bytes_of(text), static_cast<int>(text.size()))
           == 1
      && ::EVP_CIPHER_CTX_ctrl(with.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes,
                               tag.data())
           == 1
      && ::EVP_DecryptFinal_ex(with.get(), rest, &size) == 1;
  if (!done)
    return refused;
  return plain;
}

} // namespace faas::registry
