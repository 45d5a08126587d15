// Small POSIX helpers for everything that keeps files.
#pragma once

#include "libfaas/core/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace faas::registry {

/// Owns a file descriptor. Move only.
class file_handle {
public:
  file_handle() = default;
  explicit file_handle(int fd) noexcept : fd_(fd) {}
  file_handle(file_handle&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}
  file_handle& operator=(file_handle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~file_handle() { close(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void close() noexcept;

private:
  int fd_ = -1;
};

/// True for errno values that mean: no room (disk, quota or file size limit).
bool means_full(int code) noexcept;

/// Error for a failed system call: "what: reason". errc::storage_full when
/// means_full(code), else errc::internal.
error os_error(int code, const std::string& what);

/// Opens with close-on-exec; mode counts for new files only.
result<file_handle> open_file(const std::filesystem::path& path, int flags,
                              unsigned mode = 0600);
/// Writes everything; repeats after signals and short writes.
result<void> write_all(int fd, std::string_view bytes,
                       const std::filesystem::path& shown_as);

/// Makes the folder with its missing parents, mode 0700. What exists stays as
/// it is; something there that is no folder is an error.
result<void> make_private_folder(const std::filesystem::path& folder);
/// Makes the names in a folder durable (fsync).
result<void> sync_folder(const std::filesystem::path& folder);
/// rename(2): atomic within one file system. errc::conflict when the target is
/// a folder that is not empty.
result<void> rename_file(const std::filesystem::path& from,
                         const std::filesystem::path& to);
/// Removes a file or a tree, also of read-only folders. Best effort; follows
/// no links. True when nothing is left.
bool remove_tree(const std::filesystem::path& path) noexcept;

/// errc::storage_full when `need` more bytes would leave less than `reserve`
/// bytes free for ordinary users.
result<void> check_free_space(const std::filesystem::path& folder,
                              uint64_t need, uint64_t reserve);

/// Exclusive right to a store. Ends with the object and with the process,
/// however it dies.
class file_lock {
public:
  file_lock() = default;
  /// Takes the lock file (made when absent, mode 0600). errc::conflict, with
  /// the process that holds it, when taken; `what` is named in the message.
  static result<file_lock> take(const std::filesystem::path& path,
                                const std::string& what);

private:
  explicit file_lock(file_handle file) : file_(std::move(file)) {}
  file_handle file_;
};

} // namespace faas::registry
