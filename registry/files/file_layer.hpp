// Every change that a store makes on the disk, behind an interface, so that
// tests can stop at each of them and take back what was not synced.
#pragma once

#include "registry/files/files.hpp"

namespace faas::registry {

/// What changes files and folders. Reading needs no layer: what was written is
/// seen by all. Thread safe.
class file_layer {
public:
  virtual ~file_layer() = default;
  /// Opens for writing; see open_file().
  virtual result<file_handle> open(const std::filesystem::path& path, int flags,
                                   unsigned mode)
    = 0;
  /// Writes everything at the descriptor's position.
  virtual result<void> write(int fd, std::string_view bytes,
                             const std::filesystem::path& shown_as)
    = 0;
  /// Cuts the file and moves the descriptor's position to its new end.
  virtual result<void> truncate(int fd, uint64_t size,
                                const std::filesystem::path& shown_as)
    = 0;
  /// fsync of a file's content.
  virtual result<void> sync(int fd, const std::filesystem::path& shown_as) = 0;
  /// fsync of the names in a folder.
  virtual result<void> sync_folder(const std::filesystem::path& folder) = 0;
  virtual result<void> rename(const std::filesystem::path& from,
                              const std::filesystem::path& to)
    = 0;
  /// False: there was no such file.
  virtual result<bool> remove_file(const std::filesystem::path& path) = 0;
  virtual result<void> make_private_folder(const std::filesystem::path& folder)
    = 0;
  /// Best effort, as faas::registry::remove_tree().
  virtual bool remove_tree(const std::filesystem::path& path) = 0;
};

/// The disk as it is.
class disk final : public file_layer {
public:
  result<file_handle> open(const std::filesystem::path& path, int flags,
                           unsigned mode) override;
  result<void> write(int fd, std::string_view bytes,
                     const std::filesystem::path& shown_as) override;
  result<void> truncate(int fd, uint64_t size,
                        const std::filesystem::path& shown_as) override;
  result<void> sync(int fd, const std::filesystem::path& shown_as) override;
  result<void> sync_folder(const std::filesystem::path& folder) override;
  result<void> rename(const std::filesystem::path& from,
                      const std::filesystem::path& to) override;
  result<bool> remove_file(const std::filesystem::path& path) override;
  result<void>
  make_private_folder(const std::filesystem::path& folder) override;
  bool remove_tree(const std::filesystem::path& path) override;
};

} // namespace faas::registry
