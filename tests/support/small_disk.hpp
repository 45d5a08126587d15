// Disks that fill up.
#pragma once

#include "tests/support/scratch_folder.hpp"

#include <csignal>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/resource.h>

namespace faas::testing {

/// A small file system in memory. Needs the right to mount (root in most
/// containers): test it before use. The mount is private to this process.
class small_disk {
public:
  explicit small_disk(size_t bytes) {
    const auto size = "size=" + std::to_string(bytes);
    mounted_
      = ::unshare(CLONE_NEWNS) == 0
        && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0
        && ::mount("petrel-test", folder_.path().c_str(), "tmpfs", 0,
                   size.c_str())
             == 0;
  }
  ~small_disk() {
    if (mounted_)
      ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  explicit operator bool() const noexcept { return mounted_; }
  const std::filesystem::path& path() const noexcept { return folder_.path(); }

private:
  scratch_folder folder_;
  bool mounted_ = false;
};

/// While it lives, no file of this process can grow beyond the size: writes
/// fail with EFBIG, as with a quota. Needs no rights.
class file_size_limit {
public:
  explicit file_size_limit(size_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    auto now = before_;
    now.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  file_size_limit(const file_size_limit&) = delete;
  file_size_limit& operator=(const file_size_limit&) = delete;
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

} // namespace faas::testing
