#include "registry/files/file_layer.hpp"

#include <cerrno>
#include <unistd.h>

namespace faas::registry {

namespace fs = std::filesystem;

result<file_handle> disk::open(const fs::path& path, int flags, unsigned mode) {
  return open_file(path, flags, mode);
}

result<void> disk::write(int fd, std::string_view bytes,
                         const fs::path& shown_as) {
  return write_all(fd, bytes, shown_as);
}

result<void> disk::truncate(int fd, uint64_t size, const fs::path& shown_as) {
  const auto end = static_cast<off_t>(size);
  if (::ftruncate(fd, end) != 0 || ::lseek(fd, end, SEEK_SET) != end)
    return os_error(errno, "cannot cut " + shown_as.string());
  return {};
}

result<void> disk::sync(int fd, const fs::path& shown_as) {
  if (::fsync(fd) != 0)
    return os_error(errno, "cannot sync " + shown_as.string());
  return {};
}

result<void> disk::sync_folder(const fs::path& folder) {
  return registry::sync_folder(folder);
}

result<void> disk::rename(const fs::path& from, const fs::path& to) {
  return rename_file(from, to);
}

result<bool> disk::remove_file(const fs::path& path) {
  if (::unlink(path.c_str()) == 0)
    return true;
  if (errno == ENOENT)
    return false;
  return os_error(errno, "cannot remove " + path.string());
}

result<void> disk::make_private_folder(const fs::path& folder) {
  return registry::make_private_folder(folder);
}

bool disk::remove_tree(const fs::path& path) {
  return registry::remove_tree(path);
}

} // namespace faas::registry
