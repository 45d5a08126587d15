// Bundles in a folder, addressed by their content.
#pragma once

#include "libfaas/ports/bundle_store.hpp"
#include "registry/bundles/entry_rules.hpp"

namespace faas::registry {

struct folder_bundle_options {
  std::filesystem::path root;
  uint64_t packed_bytes = limits::bundle_bytes; ///< largest packed bundle
  bundle_limits unpacked{};
  /// Bytes that must stay free on the disk, for the catalog and the system.
  uint64_t reserve_bytes = 0;
};

/// Layout below the root (0700):
///   packed/ab/abcd....tar.zst   verified bundles
///   unpacked/abcd.../           their content, read-only, made on first use
///   incoming/, unpacking/       work in progress; emptied at start
///   damaged/                    bundles that no longer matched their digest
/// Everything appears in packed/ and unpacked/ by one rename, after it is on
/// the disk. Thread safe; needs no lock, because a name stands for a content.
/// The content of an unpacked folder is checked when it is unpacked, not again
/// at each use.
class folder_bundle_store final : public bundle_store {
public:
  /// Makes the folders, removes leftovers of a process that died. One process
  /// per root: errc::conflict otherwise.
  static result<std::unique_ptr<folder_bundle_store>>
  open(folder_bundle_options options);

  ~folder_bundle_store() override;
  bool has(const digest& id) const override;
  /// The upload must not outlive the store.
  result<std::unique_ptr<bundle_upload>> begin(const digest& id) override;
  result<std::string> read(const digest& id, uint64_t offset,
                           size_t length) const override;
  result<uint64_t> size(const digest& id) const override;
  result<std::filesystem::path> unpack(const digest& id) override;
  /// Removes packed and unpacked form; errc::not_found when there was neither.
  result<void> remove(const digest& id) override;

private:
  class layout;
  class upload;
  explicit folder_bundle_store(std::unique_ptr<layout> opened);
  /// Unpacks and verifies into an absent folder. errc::digest_mismatch goes
  /// before every other fault of the content.
  result<void> unpack_into(const std::filesystem::path& folder,
                           const digest& id) const;
  void set_aside(const digest& id) const;

  std::unique_ptr<layout> layout_;
};

} // namespace faas::registry
