// Names of a folder_bundle_store's files. Internal to this folder.
#pragma once

#include "registry/bundles/folder_bundle_store.hpp"
#include "registry/files/files.hpp"

#include <atomic>

namespace faas::registry {

class folder_bundle_store::layout {
public:
  layout(folder_bundle_options options, file_lock lock)
    : options(std::move(options)), lock_(std::move(lock)) {}

  std::filesystem::path folder(const char* name) const {
    return options.root / name;
  }
  std::filesystem::path shard(const digest& id) const {
    return options.root / "packed" / id.hex().substr(0, 2);
  }
  std::filesystem::path packed(const digest& id) const {
    return shard(id) / (id.hex() + ".tar.zst");
  }
  std::filesystem::path unpacked(const digest& id) const {
    return options.root / "unpacked" / id.hex();
  }
  std::filesystem::path damaged(const digest& id) const {
    return options.root / "damaged" / (id.hex() + ".tar.zst");
  }
  /// Bytes of an unfinished upload, and what is known to be right of them.
  std::filesystem::path part(const digest& id) const {
    return options.root / "incoming" / (id.hex() + ".part");
  }
  std::filesystem::path part_log(const digest& id) const {
    return options.root / "incoming" / (id.hex() + ".log");
  }
  /// A new name for work in progress, unique in this process.
  std::filesystem::path scratch(const char* folder, const digest& id) {
    return options.root / folder
           / (id.hex() + "-" + std::to_string(++counter_));
  }
  file_layer& disk() const noexcept { return *options.disk; }

  const folder_bundle_options options;

private:
  file_lock lock_;
  std::atomic<uint64_t> counter_{0};
};

} // namespace faas::registry
