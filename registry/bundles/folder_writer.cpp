#include "registry/bundles/folder_writer.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace faas::registry {
namespace {

constexpr uint64_t check_every = 16 * limits::mib;

} // namespace

result<std::unique_ptr<folder_writer>>
folder_writer::create(const std::filesystem::path& folder, uint64_t reserve) {
  if (::mkdir(folder.c_str(), 0700) != 0)
    return os_error(errno, "cannot make the folder " + folder.string());
  auto opened = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!opened)
    return opened.error();
  std::unique_ptr<folder_writer> made{
    new folder_writer{folder, std::move(*opened), reserve}};
  if (auto ok = made->check_space(); !ok)
    return ok.error();
  return made;
}

result<void> folder_writer::check_space() {
  since_check_ = 0;
  return reserve_ == 0 ? result<void>{}
                       : check_free_space(root_, check_every, reserve_);
}

result<void> folder_writer::folder(const std::string& path) {
  if (::mkdirat(opened_.get(), path.c_str(), 0700) != 0)
    return os_error(errno, "cannot unpack the folder '" + shown(path) + "'");
  folders_.push_back(path);
  return {};
}

result<void> folder_writer::link(const std::string& path,
                                 const std::string& target) {
  if (::symlinkat(target.c_str(), opened_.get(), path.c_str()) != 0)
    return os_error(errno, "cannot unpack the link '" + shown(path) + "'");
  return {};
}

result<void> folder_writer::begin_file(const std::string& path,
                                       bool executable) {
  path_ = path;
  executable_ = executable;
  const int fd
    = ::openat(opened_.get(), path.c_str(),
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return os_error(errno, "cannot unpack '" + shown(path) + "'");
  file_ = file_handle{fd};
  return {};
}

result<void> folder_writer::data(std::string_view bytes) {
  since_check_ += bytes.size();
  if (since_check_ >= check_every)
    if (auto ok = check_space(); !ok)
      return ok;
  return write_all(file_.get(), bytes, root_ / path_);
}

result<void> folder_writer::end_file() {
  if (::fchmod(file_.get(), executable_ ? 0555 : 0444) != 0)
    return os_error(errno, "cannot protect '" + shown(path_) + "'");
  file_.close();
  return {};
}

result<void> folder_writer::finish() {
  for (const auto& folder : folders_)
    if (::fchmodat(opened_.get(), folder.c_str(), 0555, 0) != 0)
      return os_error(errno, "cannot protect '" + shown(folder) + "'");
  // One sync of the file system costs less than thousands of fsyncs.
  if (::syncfs(opened_.get()) != 0)
    return os_error(errno, "cannot sync " + root_.string());
  return {};
}

} // namespace faas::registry
