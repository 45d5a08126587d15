// The key that seals secrets, in a file outside of any database.
#pragma once

#include "registry/secrets/guarded_bytes.hpp"

#include <filesystem>
#include <string>

namespace faas::registry {

/// 256 bits. In the file: 64 hex digits and a line end.
class secret_key {
public:
  /// Reads it. errc::not_found when there is no file, errc::forbidden when
  /// others may read or write it, errc::invalid_argument when it holds no key;
  /// each says what to do.
  static result<secret_key> load(const std::filesystem::path& file);
  /// Reads it, or makes one (mode 0600, synced) where there is none.
  static result<secret_key> load_or_create(const std::filesystem::path& file);

  std::span<const uint8_t> bytes() const noexcept { return bytes_.span(); }
  /// 16 hex digits of a hash of it; tells keys apart, tells nothing of them.
  const std::string& id() const noexcept { return id_; }

private:
  secret_key(guarded_bytes bytes, std::string id)
    : bytes_(std::move(bytes)), id_(std::move(id)) {}
  guarded_bytes bytes_;
  std::string id_;
};

} // namespace faas::registry
