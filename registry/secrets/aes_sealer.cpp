#include "registry/secrets/aes_sealer.hpp"

#include "registry/sealed/seal.hpp"

namespace faas::registry {
namespace {

/// What the tag covers besides the value: names hold no zero byte.
std::string bound_to(const std::string& key, const secret_name& name,
                     uint64_t version) {
  std::string text = "petrel secret 1";
  text += '\0' + key + '\0' + name.str() + '\0';
  for (int shift = 56; shift >= 0; shift -= 8)
    text += static_cast<char>(version >> shift & 255);
  return text;
}

} // namespace

result<sealed_secret> aes_sealer::seal(const secret_name& name,
                                       uint64_t version,
                                       std::string_view value) const {
  sealed_secret made;
  made.version = version;
  made.key = key_.id();
  auto box = registry::seal(key_, bound_to(key_.id(), name, version), value);
  if (!box)
    return box.error();
  made.box = std::move(*box);
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
  auto value = unseal(key_, bound_to(secret.key, name, secret.version),
                      secret.box);
  if (!value && value.error().code == errc::forbidden)
    return error{errc::internal,
                 "the record of secret '" + name.str()
                   + "' was changed or belongs to another one",
                 mend};
  return value;
}

} // namespace faas::registry
