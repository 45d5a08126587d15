// Bundles: packed files of one version, addressed by SHA-256.
#pragma once

#include "libfaas/core/id.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace faas {

/// Bytes on their way into the store. Dropped uncommitted, they vanish.
class bundle_upload {
public:
  virtual ~bundle_upload() = default;
  /// errc::too_large, errc::storage_full.
  virtual result<void> write(std::string_view bytes) = 0;
  /// Verifies the digest, checks that the archive can be unpacked safely
  /// (see unpack), makes it durable, then visible.
  /// errc::digest_mismatch, errc::bad_bundle, errc::storage_full.
  virtual result<void> commit() = 0;
};

/// Content-addressed store of one node. Thread safe; calls may block on the
/// disk, so never on a gateway loop or in an actor of the scheduler.
class bundle_store {
public:
  virtual ~bundle_store() = default;
  virtual bool has(const digest& id) const = 0;
  virtual result<std::unique_ptr<bundle_upload>> begin(const digest& id) = 0;
  /// Part of the packed bytes, for a peer. Short at the end.
  virtual result<std::string> read(const digest& id, uint64_t offset,
                                   size_t length) const = 0;
  virtual result<uint64_t> size(const digest& id) const = 0;
  /// Folder with the verified content (unpacked on first use). Path traversal,
  /// links out of the bundle, devices and archive bombs are errc::bad_bundle;
  /// packed bytes that no longer match are errc::digest_mismatch.
  virtual result<std::filesystem::path> unpack(const digest& id) = 0;
  virtual result<void> remove(const digest& id) = 0;
};

} // namespace faas
