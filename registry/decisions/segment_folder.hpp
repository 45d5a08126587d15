// The files of a decision log.
#pragma once

#include "libfaas/decisions/segment_writer.hpp"
#include "libfaas/ports/decision_book.hpp"
#include "registry/files/files.hpp"

#include <map>

namespace faas::registry {

/// Numbered segments within a bound of bytes. Not thread safe, but read() and
/// the listing of another object may run beside it.
class segment_folder {
public:
  /// Lists what is there; makes the folder (mode 0700). Files that are too many
  /// for `max_bytes` go with the first append.
  static result<segment_folder> open(std::filesystem::path folder,
                                     uint64_t max_bytes);

  /// Whether the next append goes to a new file, which then has to begin with
  /// the head of a segment.
  bool needs_new(size_t more) const noexcept;
  /// Makes the next file and removes the oldest ones that are over the bound.
  result<void> begin(std::string_view head);
  /// All or nothing as far as the disk lets it: what was written of it is cut
  /// off again.
  result<void> append(std::string_view bytes);

  uint64_t bytes() const noexcept { return total_; }
  std::vector<decision_segment> segments() const;
  /// errc::not_found when it is not there any more; errc::too_large.
  static result<std::string> read(const std::filesystem::path& folder,
                                  uint64_t number);

private:
  segment_folder(std::filesystem::path folder, uint64_t max_bytes);
  void make_room();

  std::filesystem::path folder_;
  uint64_t max_bytes_, segment_bytes_;
  std::map<uint64_t, uint64_t> sizes_; ///< by number
  uint64_t total_ = 0;
  uint64_t current_ = 0;
  file_handle file_;
};

} // namespace faas::registry
