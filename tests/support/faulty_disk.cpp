#include "tests/support/faulty_disk.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/stat.h>

namespace faas::testing {

namespace fs = std::filesystem;
using registry::file_handle;

struct faulty_disk::node {
  bool folder = false;
  std::string now, lasting; ///< content of a file
  fs::perms mode = fs::perms{0600};
  std::map<std::string, node_ptr> names, lasting_names;
};

namespace {

uint64_t inode_of(const fs::path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

error gone() {
  return {errc::internal, "the process is dead"};
}

} // namespace

faulty_disk::faulty_disk(fs::path root)
  : root_(std::move(root)), top_(std::make_shared<node>()) {
  top_->folder = true;
}

faulty_disk::~faulty_disk() = default;

void faulty_disk::stop_at(uint64_t n) {
  count_ = 0;
  stop_ = n;
}

void faulty_disk::full_at(uint64_t n) {
  count_ = 0;
  full_ = n;
}

faulty_disk::verdict faulty_disk::next(const std::string& what,
                                       const fs::path& at) {
  if (dead_)
    return verdict::dead;
  log_.push_back(what + " " + at.lexically_relative(root_).string());
  ++count_;
  if (count_ == full_)
    return verdict::half;
  if (count_ != stop_)
    return verdict::go;
  dead_ = true;
  return verdict::half;
}

result<void> faulty_disk::failure() const {
  if (dead_)
    return gone();
  return registry::os_error(ENOSPC, "the disk of the test");
}

faulty_disk::node_ptr faulty_disk::find(const fs::path& path) const {
  auto at = top_;
  for (const auto& part : path.lexically_relative(root_)) {
    if (part == ".")
      continue;
    if (!at || !at->folder)
      return nullptr;
    const auto found = at->names.find(part.string());
    at = found == at->names.end() ? nullptr : found->second;
  }
  return at;
}

faulty_disk::node_ptr faulty_disk::parent(const fs::path& path) const {
  return find(path.parent_path());
}

faulty_disk::node_ptr faulty_disk::opened(int fd) const {
  struct stat info {};
  if (::fstat(fd, &info) != 0)
    return nullptr;
  const auto found = by_inode_.find(info.st_ino);
  return found == by_inode_.end() ? nullptr : found->second;
}

faulty_disk::node_ptr faulty_disk::adopt(const fs::path& path) {
  auto made = std::make_shared<node>();
  made->folder = fs::is_directory(path);
  made->mode = fs::status(path).permissions();
  if (!made->folder) {
    std::ifstream in{path, std::ios::binary};
    made->now.assign(std::istreambuf_iterator<char>{in}, {});
    made->lasting = made->now;
    return made;
  }
  for (const auto& entry : fs::directory_iterator{path})
    made->names[entry.path().filename().string()] = adopt(entry.path());
  made->lasting_names = made->names;
  return made;
}

result<file_handle> faulty_disk::open(const fs::path& path, int flags,
                                      unsigned mode) {
  const bool changes = (flags & (O_CREAT | O_TRUNC)) != 0;
  if (dead_ || (changes && next("open", path) != verdict::go))
    return failure().error();
  const bool there = fs::exists(path);
  auto handle = real_.open(path, flags, mode);
  if (!handle)
    return handle;
  if (!there) {
    auto made = std::make_shared<node>();
    parent(path)->names[path.filename().string()] = made;
    by_inode_[inode_of(path)] = made;
  } else if (auto known = find(path)) {
    by_inode_[inode_of(path)] = known;
    if ((flags & O_TRUNC) != 0)
      known->now.clear();
  }
  return handle;
}

result<void> faulty_disk::write(int fd, std::string_view bytes,
                                const fs::path& at) {
  const auto how = next("write", at);
  if (how == verdict::dead)
    return gone();
  if (how == verdict::half)
    bytes = bytes.substr(0, bytes.size() / 2);
  auto done = real_.write(fd, bytes, at);
  if (auto file = opened(fd); done && file)
    file->now += bytes; // stores only append
  return how == verdict::half ? failure() : done;
}

result<void> faulty_disk::truncate(int fd, uint64_t size, const fs::path& at) {
  if (next("truncate", at) != verdict::go)
    return failure();
  if (auto file = opened(fd))
    file->now.resize(size);
  return real_.truncate(fd, size, at);
}

result<void> faulty_disk::sync(int fd, const fs::path& at) {
  if (next("sync", at) != verdict::go)
    return failure();
  if (auto file = opened(fd))
    file->lasting = file->now;
  return {};
}

result<void> faulty_disk::sync_folder(const fs::path& folder) {
  if (next("sync folder", folder) != verdict::go)
    return failure();
  if (auto found = find(folder))
    found->lasting_names = found->names;
  return {};
}

result<void> faulty_disk::rename(const fs::path& from, const fs::path& to) {
  if (next("rename", from) != verdict::go)
    return failure();
  auto moved = find(from);
  if (!moved && fs::exists(from))
    moved = adopt(from);
  if (auto done = real_.rename(from, to); !done)
    return done;
  parent(from)->names.erase(from.filename().string());
  parent(to)->names[to.filename().string()] = moved;
  return {};
}

result<bool> faulty_disk::remove_file(const fs::path& path) {
  if (dead_)
    return gone();
  if (!fs::exists(path))
    return false;
  if (next("remove", path) != verdict::go)
    return failure().error();
  parent(path)->names.erase(path.filename().string());
  return real_.remove_file(path);
}

result<void> faulty_disk::make_private_folder(const fs::path& folder) {
  if (dead_)
    return gone();
  if (fs::exists(folder))
    return {};
  if (folder != root_)
    if (auto ok = make_private_folder(folder.parent_path()); !ok)
      return ok;
  if (next("make folder", folder) != verdict::go)
    return failure();
  auto made = std::make_shared<node>();
  made->folder = true;
  parent(folder)->names[folder.filename().string()] = made;
  return real_.make_private_folder(folder);
}

bool faulty_disk::remove_tree(const fs::path& path) {
  if (dead_)
    return false;
  if (!fs::exists(fs::symlink_status(path)))
    return true;
  if (next("remove tree", path) != verdict::go)
    return false;
  if (auto folder = parent(path))
    folder->names.erase(path.filename().string());
  return real_.remove_tree(path);
}

void faulty_disk::put(const node& what, const fs::path& target, loss names,
                      loss bytes) {
  if (what.folder) {
    fs::create_directories(target);
    const auto& there = names == loss::none ? what.names : what.lasting_names;
    for (const auto& [name, one] : there)
      put(*one, target / name, names, bytes);
    fs::permissions(target, what.mode | fs::perms::owner_exec);
    return;
  }
  auto content = bytes == loss::none ? what.now : what.lasting;
  const auto grown = what.now.starts_with(what.lasting)
                       ? what.now.size() - what.lasting.size()
                       : 0;
  if (bytes == loss::torn)
    content += what.now.substr(what.lasting.size() * (grown != 0), grown / 2);
  if (bytes == loss::zeros)
    content.append(grown, '\0');
  std::ofstream{target, std::ios::binary} << content;
  fs::permissions(target, what.mode);
}

void faulty_disk::crash_into(const fs::path& target, loss names,
                             loss bytes) const {
  put(*top_, target, names, bytes);
}

} // namespace faas::testing
