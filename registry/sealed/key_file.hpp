// Keys in files, outside of any database.
#pragma once

#include "registry/sealed/guarded_bytes.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace faas::registry {

/// 256 bits.
class symmetric_key {
public:
  static constexpr size_t size = 32;
  /// Of 64 hex digits. errc::invalid_argument.
  static result<symmetric_key> from_hex(std::string_view text);
  std::span<const uint8_t> bytes() const noexcept { return bytes_.span(); }
  /// 16 hex digits of a hash of it; tells keys apart, tells nothing of them.
  const std::string& id() const noexcept { return id_; }

private:
  friend class key_file;
  symmetric_key(guarded_bytes bytes, std::string id)
    : bytes_(std::move(bytes)), id_(std::move(id)) {}
  guarded_bytes bytes_;
  std::string id_;
};

/// One key: 64 hex digits and a line end.
class key_file {
public:
  /// How errors speak of the key and what they advise.
  struct words {
    std::string name; ///< "key of secrets"
    std::string when_missing, when_wrong;
    std::string when_seen; ///< others may have read it
  };
  key_file(std::filesystem::path at, words with)
    : at_(std::move(at)), words_(std::move(with)) {}

  /// Reads it. errc::not_found when there is no file, errc::forbidden when
  /// others may read or write it, errc::invalid_argument when it holds no key;
  /// each says what to do.
  result<symmetric_key> load() const;
  /// Makes a random one (mode 0600, synced). errc::conflict when there is a
  /// file.
  result<symmetric_key> make() const;
  result<symmetric_key> load_or_make() const;
  /// Puts a key (mode 0600, synced) where there is no file; one that is there
  /// stays. errc::invalid_argument when it has another size.
  result<void> keep(std::span<const uint8_t> key) const;

  const std::filesystem::path& path() const noexcept { return at_; }

private:
  result<void> check_access(int handle) const;
  result<void> write(std::span<const uint8_t> key) const;

  std::filesystem::path at_;
  words words_;
};

/// Of a controller: it seals secrets.
key_file file_of_secret_key(std::filesystem::path at);
/// The same on each controller of a cluster: it seals what they share by a
/// store that others may read or change. An operator copies the file.
key_file file_of_cluster_key(std::filesystem::path at);

} // namespace faas::registry
