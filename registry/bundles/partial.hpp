// An unfinished upload that outlives its connection and its process. Internal
// to this folder.
#pragma once

#include "registry/bundles/sha256.hpp"
#include "registry/bundles/store_layout.hpp"

#include <optional>

namespace faas::registry {

/// Two files in incoming/: the bytes (.part), and a log (.log) whose first line
/// says how many there will be; each further line is a checkpoint: how many
/// bytes are there, and the SHA-256 of those since the line before. A line is
/// written after its bytes are on the disk. Nothing that lies on the disk is
/// believed: the bytes that agree with their lines count, the rest is cut off.
/// Not thread safe.
class folder_bundle_store::partial {
public:
  /// Makes both files; errc::storage_full.
  static result<std::unique_ptr<partial>>
  create(layout& where, const digest& id, uint64_t total);
  /// What a former process left; null (and the files removed) when nothing of
  /// it can be used. Reads the bytes that are there.
  static result<std::unique_ptr<partial>> recover(layout& where,
                                                  const digest& id);

  uint64_t received() const noexcept { return received_; }
  uint64_t total() const noexcept { return total_; }
  result<void> write(std::string_view bytes);
  result<void> checkpoint();
  /// Verifies and moves to packed/. After errc::digest_mismatch and
  /// errc::bad_bundle the files are gone.
  result<void> commit();
  /// Removes both files.
  static void remove(layout& where, const digest& id);

private:
  partial(layout& where, const digest& id, file_handle bytes, file_handle log);
  result<void> check_space(uint64_t need);
  /// Reads header and checkpoints, compares, cuts. False: not usable.
  result<bool> read_log();
  /// Whether the bytes since received_ up to `end` have that digest.
  bool matches(uint64_t end, const digest& sum);

  layout& layout_;
  digest id_;
  file_handle bytes_, log_;
  uint64_t received_ = 0;
  uint64_t kept_ = 0; ///< bytes at the last checkpoint
  uint64_t total_ = 0;
  uint64_t room_ = 0; ///< bytes for which the free space was checked
  sha256 since_; ///< of the bytes since the last checkpoint
};

} // namespace faas::registry
