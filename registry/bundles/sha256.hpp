// SHA-256 (FIPS 180-4), by OpenSSL.
#pragma once

#include "libfaas/core/id.hpp"

#include <filesystem>
#include <memory>
#include <string_view>

namespace faas::registry {

/// Running digest. Not thread safe.
class sha256 {
public:
  sha256();
  ~sha256();
  sha256(sha256&&) noexcept;
  sha256& operator=(sha256&&) noexcept;

  void update(std::string_view bytes);
  /// Digest of everything so far; the object must not be used after it.
  digest finish();

private:
  struct context;
  std::unique_ptr<context> context_;
};

digest digest_of(std::string_view bytes);
result<digest> digest_of_file(const std::filesystem::path& file);

} // namespace faas::registry
