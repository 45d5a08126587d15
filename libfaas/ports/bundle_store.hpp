// Bundles: packed files of one version, addressed by SHA-256.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace faas {

/// Bytes on their way into the store.
class bundle_upload {
public:
  /// Uncommitted: what begin() gave vanishes; what resume() gave keeps the
  /// bytes written so far for the next resume().
  virtual ~bundle_upload() = default;
  /// errc::too_large, errc::storage_full.
  virtual result<void> write(std::string_view bytes) = 0;
  /// Makes what was written durable, so that it counts after a power cut.
  virtual result<void> checkpoint() = 0;
  /// Throws away what was written, also what a former upload left.
  virtual void discard() = 0;
  /// Verifies the digest, checks that the archive can be unpacked safely
  /// (see unpack), makes it durable, then visible. errc::digest_mismatch and
  /// errc::bad_bundle (both throw away what was written), errc::conflict when
  /// bytes are missing, errc::storage_full.
  virtual result<void> commit() = 0;
};

/// How far an upload has come that may be gone on with; total 0: there is none.
struct upload_progress {
  uint64_t received = 0;
  uint64_t total = 0;
};

/// One bundle that the store has.
struct stored_bundle {
  digest id;
  uint64_t packed = 0;   ///< bytes
  uint64_t unpacked = 0; ///< bytes of its unpacked copy; 0: there is none
  wall_time used{};      ///< last touch(), or when it came
  uint64_t bytes() const noexcept { return packed + unpacked; }
};

/// One upload that is not complete.
struct stored_upload {
  digest id;
  upload_progress progress;
  wall_time used{};
};

/// Content-addressed store of one node. Thread safe; calls may block on the
/// disk, so never on a gateway loop or in an actor of the scheduler.
class bundle_store {
public:
  virtual ~bundle_store() = default;
  virtual bool has(const digest& id) const = 0;
  /// All bytes in one go.
  virtual result<std::unique_ptr<bundle_upload>> begin(const digest& id) = 0;
  /// Goes on with an upload of `total` bytes at that offset, or begins one at
  /// 0. One at a time per bundle: errc::conflict while another has it, or when
  /// the offset or total are not those of progress(). errc::too_large,
  /// errc::overloaded (too many unfinished ones), errc::storage_full.
  virtual result<std::unique_ptr<bundle_upload>>
  resume(const digest& id, uint64_t offset, uint64_t total) = 0;
  /// What of an unfinished upload is here. After a restart the bytes are
  /// verified first, and only what was made durable counts.
  virtual upload_progress progress(const digest& id) = 0;
  virtual std::vector<stored_upload> uploads() const = 0;
  /// Removes unfinished uploads that nobody went on with since; how many.
  virtual size_t expire_uploads(wall_time before) = 0;
  /// Part of the packed bytes, for a peer. Short at the end. The part is
  /// verified; bytes that no longer match are errc::digest_mismatch, and the
  /// bundle is set aside.
  virtual result<std::string> read(const digest& id, uint64_t offset,
                                   size_t length) const = 0;
  virtual result<uint64_t> size(const digest& id) const = 0;
  /// Folder with the verified content (unpacked on first use, compared with
  /// the packed bytes at each later one). Path traversal, links out of the
  /// bundle, devices and archive bombs are errc::bad_bundle; packed bytes that
  /// no longer match are errc::digest_mismatch, and the bundle is set aside.
  virtual result<std::filesystem::path> unpack(const digest& id) = 0;
  virtual result<void> remove(const digest& id) = 0;
  /// All that are here, in no order.
  virtual std::vector<stored_bundle> list() const = 0;
  /// Notes that somebody has asked for it now: collection spares it a while.
  virtual void touch(const digest& id, wall_time now) = 0;
};

} // namespace faas
