#include "registry/files/files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

namespace faas::registry {

namespace fs = std::filesystem;

void file_handle::close() noexcept {
  if (fd_ >= 0)
    ::close(std::exchange(fd_, -1));
}

bool means_full(int code) noexcept {
  return code == ENOSPC || code == EDQUOT || code == EFBIG;
}

error os_error(int code, const std::string& what) {
  auto text = what + ": " + std::generic_category().message(code);
  if (means_full(code))
    return {errc::storage_full, std::move(text),
            "free space on that file system (or raise the quota) and repeat"};
  if (code == EACCES || code == EPERM || code == EROFS)
    return {errc::internal, std::move(text),
            "check owner and permissions; the node's user must be able to "
            "write there"};
  return {errc::internal, std::move(text),
          "see what lies there, and check the disk"};
}

result<file_handle> open_file(const fs::path& path, int flags, unsigned mode) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) {
    const int code = errno;
    if (code == ENOENT)
      return error{errc::not_found, path.string() + " does not exist"};
    return os_error(code, "cannot open " + path.string());
  }
  return file_handle{fd};
}

result<void> write_all(int fd, std::string_view bytes,
                       const fs::path& shown_as) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return os_error(errno, "cannot write " + shown_as.string());
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

result<void> make_private_folder(const fs::path& folder) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode))
      return {};
    return error{errc::internal, folder.string() + " is not a folder",
                 "move it away or choose another data folder"};
  }
  if (const auto parent = folder.parent_path();
      !parent.empty() && parent != folder)
    if (auto ok = make_private_folder(parent); !ok)
      return ok;
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return os_error(errno, "cannot make the folder " + folder.string());
  return {};
}

result<void> sync_folder(const fs::path& folder) {
  auto handle = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!handle)
    return handle.error();
  if (::fsync(handle->get()) != 0)
    return os_error(errno, "cannot sync " + folder.string());
  return {};
}

result<void> rename_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0)
    return {};
  const int code = errno;
  const auto what = "cannot move " + from.string() + " to " + to.string();
  if (code == ENOTEMPTY || code == EEXIST)
    return error{errc::conflict, what + ": it is there already"};
  return os_error(code, what);
}

bool remove_tree(const fs::path& path) noexcept {
  std::error_code ignored;
  const auto status = fs::symlink_status(path, ignored);
  if (fs::is_directory(status)) {
    // A folder must be writable before its names can go.
    ::chmod(path.c_str(), 0700);
    for (fs::directory_iterator i{path, ignored}, end; !ignored && i != end;
         i.increment(ignored))
      if (i->is_directory(ignored) && !i->is_symlink(ignored))
        remove_tree(i->path());
  }
  fs::remove_all(path, ignored);
  return !fs::exists(fs::symlink_status(path, ignored));
}

result<void> check_free_space(const fs::path& folder, uint64_t need,
                              uint64_t reserve) {
  struct statvfs info {};
  if (::statvfs(folder.c_str(), &info) != 0)
    return os_error(errno, "cannot read the free space of " + folder.string());
  const uint64_t free = uint64_t{info.f_bavail} * info.f_frsize;
  if (free >= need && free - need >= reserve)
    return {};
  return error{errc::storage_full,
               "only " + std::to_string(free >> 20) + " MiB are free in "
                 + folder.string() + ", of which "
                 + std::to_string(reserve >> 20) + " MiB are kept in reserve",
               "free space on that file system and repeat"};
}

result<file_lock> file_lock::take(const fs::path& path,
                                  const std::string& what) {
  auto file = open_file(path, O_RDWR | O_CREAT, 0600);
  if (!file)
    return file.error();
  if (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return os_error(errno, "cannot lock " + path.string());
    char holder[32]{};
    const auto n = ::pread(file->get(), holder, sizeof holder - 1, 0);
    const std::string pid(holder, n > 0 ? static_cast<size_t>(n) : 0);
    return error{errc::conflict,
                 what + " is in use by another process"
                   + (pid.empty() ? "" : " (" + pid + ")"),
                 "stop that node, or give this one its own data folder"};
  }
  const auto pid = "pid " + std::to_string(::getpid());
  if (::ftruncate(file->get(), 0) != 0
      || ::pwrite(file->get(), pid.data(), pid.size(), 0) < 0) {
    // Only the hint in the message above is lost.
  }
  return file_lock{std::move(*file)};
}

} // namespace faas::registry
