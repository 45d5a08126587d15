// Seals secrets by AES-256-GCM.
#pragma once

#include "libfaas/ports/secrets.hpp"
#include "registry/sealed/key_file.hpp"

namespace faas::registry {

class aes_sealer final : public secret_sealer {
public:
  explicit aes_sealer(symmetric_key key) : key_(std::move(key)) {}
  result<sealed_secret> seal(const secret_name& name, uint64_t version,
                             std::string_view value) const override;
  result<secret_text> open(const secret_name& name,
                           const sealed_secret& secret) const override;
  const symmetric_key& key() const noexcept { return key_; }

private:
  const symmetric_key key_;
};

/// A controller without its key: names can be listed and secrets removed, all
/// else is that error.
class locked_sealer final : public secret_sealer {
public:
  explicit locked_sealer(error why) : why_(std::move(why)) {}
  result<sealed_secret> seal(const secret_name&, uint64_t,
                             std::string_view) const override {
    return why_;
  }
  result<secret_text> open(const secret_name&,
                           const sealed_secret&) const override {
    return why_;
  }

private:
  const error why_; ///< errc::unavailable
};

} // namespace faas::registry
