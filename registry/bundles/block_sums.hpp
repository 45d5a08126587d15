// What the blocks of packed bundles must look like. Internal to this folder.
#pragma once

#include "registry/bundles/sha256.hpp"
#include "registry/bundles/store_layout.hpp"

#include <list>
#include <map>
#include <mutex>

namespace faas::registry {

/// Lets parts of a bundle be verified without reading all of it each time: the
/// first read of a bundle reads it whole, compares its digest and keeps the
/// SHA-256 of each block in memory (32 bytes for 64 KiB, of the bundles read
/// last). Thread safe.
class folder_bundle_store::block_sums {
public:
  static constexpr uint64_t block_bytes = 64 * limits::kib;

  /// Bytes of the open file from `offset` on, verified. errc::digest_mismatch
  /// when the file is not that bundle (any more).
  result<std::string> read(const digest& id, int fd, uint64_t total,
                           uint64_t offset, size_t length);
  void forget(const digest& id);

private:
  using sums = std::shared_ptr<const std::vector<digest>>;
  sums known(const digest& id);
  result<sums> learn(const digest& id, int fd, uint64_t total);

  std::mutex mutex_;
  std::map<digest, sums> sums_;
  std::list<digest> order_; ///< the one learned last is in front
};

} // namespace faas::registry
