#include "registry/bundles/folder_checker.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace faas::registry {

namespace fs = std::filesystem;

result<std::unique_ptr<folder_checker>>
folder_checker::open(const fs::path& folder) {
  auto opened = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!opened)
    return opened.error();
  return std::unique_ptr<folder_checker>{
    new folder_checker{folder, std::move(*opened)}};
}

error folder_checker::differs(const std::string& path) const {
  return {errc::internal, "'" + shown(path) + "' in " + root_.string()
                            + " is not what the bundle holds"};
}

result<void> folder_checker::folder(const std::string& path) {
  struct stat info {};
  ++entries_;
  if (::fstatat(opened_.get(), path.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0
      || !S_ISDIR(info.st_mode))
    return differs(path);
  return {};
}

result<void> folder_checker::link(const std::string& path,
                                  const std::string& target) {
  ++entries_;
  std::string found(target.size() + 1, '\0');
  const auto n
    = ::readlinkat(opened_.get(), path.c_str(), found.data(), found.size());
  if (n < 0 || found.substr(0, static_cast<size_t>(n)) != target)
    return differs(path);
  return {};
}

result<void> folder_checker::begin_file(const std::string& path,
                                        bool executable) {
  ++entries_;
  path_ = path;
  file_ = file_handle{::openat(opened_.get(), path.c_str(),
                               O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
  struct stat info {};
  if (!file_ || ::fstat(file_.get(), &info) != 0 || !S_ISREG(info.st_mode)
      || ((info.st_mode & S_IXUSR) != 0) != executable)
    return differs(path);
  return {};
}

result<void> folder_checker::data(std::string_view bytes) {
  buffer_.resize(bytes.size());
  for (size_t done = 0; done < bytes.size();) {
    const auto n
      = ::read(file_.get(), buffer_.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return differs(path_);
    done += static_cast<size_t>(n);
  }
  return buffer_ == bytes ? result<void>{} : differs(path_);
}

result<void> folder_checker::end_file() {
  char more = 0;
  const auto n = ::read(file_.get(), &more, 1);
  file_.close();
  return n == 0 ? result<void>{} : differs(path_);
}

result<void> folder_checker::finish() const {
  size_t there = 0;
  std::error_code failure;
  for (fs::recursive_directory_iterator i{root_, failure}, end;
       !failure && i != end; i.increment(failure))
    ++there;
  if (failure || there != entries_)
    return error{errc::internal,
                 root_.string() + " holds more or less than the bundle"};
  return {};
}

} // namespace faas::registry
