// Bundles in a folder, addressed by their content.
#pragma once

#include "libfaas/ports/bundle_store.hpp"
#include "registry/bundles/entry_rules.hpp"
#include "registry/files/file_layer.hpp"

namespace faas::registry {

struct folder_bundle_options {
  std::filesystem::path root;
  uint64_t packed_bytes = limits::bundle_bytes; ///< largest packed bundle
  bundle_limits unpacked{};
  /// Bytes that must stay free on the disk, for the catalog and the system.
  uint64_t reserve_bytes = 0;
  /// What changes go through; another one for tests of crashes.
  std::shared_ptr<file_layer> disk = std::make_shared<registry::disk>();
  size_t uploads = 64; ///< unfinished ones at a time
};

/// Layout below the root (0700):
///   packed/ab/abcd....tar.zst   verified bundles
///   unpacked/abcd.../           their content, read-only, made on first use
///   incoming/abcd....part, .log unfinished uploads; see partial.hpp
///   incoming/, unpacking/       other work in progress; emptied at start
///   damaged/                    bundles that no longer matched their digest
/// Everything appears in packed/ and unpacked/ by one rename, after it is on
/// the disk. Thread safe; needs no lock, because a name stands for a content.
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
  /// Likewise.
  result<std::unique_ptr<bundle_upload>>
  resume(const digest& id, uint64_t offset, uint64_t total) override;
  upload_progress progress(const digest& id) override;
  std::vector<stored_upload> uploads() const override;
  size_t expire_uploads(wall_time before) override;
  result<std::string> read(const digest& id, uint64_t offset,
                           size_t length) const override;
  result<uint64_t> size(const digest& id) const override;
  result<std::filesystem::path> unpack(const digest& id) override;
  /// Removes packed and unpacked form; errc::not_found when there was neither.
  result<void> remove(const digest& id) override;
  std::vector<stored_bundle> list() const override;
  void touch(const digest& id, wall_time now) override;

private:
  class layout;
  class upload;
  class partial;
  class part_table;
  class resumed_upload;
  class block_sums;
  explicit folder_bundle_store(std::unique_ptr<layout> opened);
  /// Moves verified bytes to packed/; `file` is in incoming/.
  static result<void> publish(layout& where, const digest& id, int fd,
                              const std::filesystem::path& file);
  /// Unpacks and verifies into an absent folder. errc::digest_mismatch goes
  /// before every other fault of the content.
  result<void> unpack_into(const std::filesystem::path& folder,
                           const digest& id) const;
  /// Compares the unpacked copy with the packed bytes, which are verified.
  /// errc::internal: the copy differs.
  result<void> check_unpacked(const digest& id) const;
  void drop_unpacked(const digest& id) const;
  /// Unpacked copies without their bundle: a removal was cut off.
  void drop_orphans() const;
  void set_aside(const digest& id) const;
  error damaged(const digest& id) const;

  std::unique_ptr<layout> layout_;
  std::unique_ptr<part_table> parts_;
  std::unique_ptr<block_sums> sums_;
};

} // namespace faas::registry
