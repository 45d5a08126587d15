// Encryption of what is kept where others may read or change it.
#pragma once

#include "libfaas/core/secret_text.hpp"
#include "registry/sealed/key_file.hpp"

namespace faas::registry {

/// Random nonce (12 bytes), ciphertext, tag (16): AES-256-GCM. `what` says what
/// it is and is needed again to open it. errc::too_large over 64 MiB,
/// errc::internal when OpenSSL cannot.
result<std::string> seal(const symmetric_key& key, std::string_view what,
                         std::string_view plain);
/// errc::forbidden: sealed by another key, as something else, or changed.
result<secret_text> unseal(const symmetric_key& key, std::string_view what,
                           std::string_view sealed);

} // namespace faas::registry
