#include "functions/sandbox/init/init.hpp"
#include "functions/sandbox/init/mounts.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <initializer_list>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace faas::sandbox::init {
namespace {

/// For the folders and the few files of the root itself.
constexpr uint64_t root_bytes = 1 << 20;

/// A path of the plan, taken from the node's view while we still have it.
struct part {
  const char* path = nullptr;
  wire::mount_kind kind{};
  int tree = -1; ///< -1: absent, or a link
  char link[256] = {};
};

struct parts {
  part* list = nullptr;
  size_t count = 0;
};

parts take(char** mounts) {
  parts all;
  while (mounts[all.count])
    ++all.count;
  all.list = static_cast<part*>(calloc(all.count + 1, sizeof(part)));
  if (!all.list)
    fail("hold the plan");
  for (size_t i = 0; i < all.count; ++i) {
    auto& one = all.list[i];
    one.path = mounts[i] + 1;
    one.kind = mount_kind_of(mounts[i]);
    if (one.kind == wire::mount_kind::system
        && readlink(one.path, one.link, sizeof one.link - 1) > 0)
      continue;
    one.tree = take_tree(one.path, one.kind);
  }
  return all;
}

void put(int root, const parts& all) {
  for (size_t i = 0; i < all.count; ++i) {
    const auto& one = all.list[i];
    if (one.link[0])
      put_link(root, one.path, one.link);
    else if (one.tree >= 0)
      put_tree(root, one.path, one.tree);
    if (one.kind == wire::mount_kind::secrets)
      put_link(root, "/var/openfaas/secrets", one.path);
  }
}

/// Whether the worker's user can read what it was given; else the program
/// would fail later with less to go by.
void check_access(int root, const parts& all) {
  for (size_t i = 0; i < all.count; ++i) {
    const auto& one = all.list[i];
    if (one.tree < 0 || one.kind == wire::mount_kind::device
        || one.kind == wire::mount_kind::system)
      continue;
    const int found = open_inside(root, one.path + 1);
    struct stat info {};
    must(fstat(found, &info), "look at", one.path);
    const int wanted = (S_ISDIR(info.st_mode) ? R_OK | X_OK : R_OK)
                       | (one.kind == wire::mount_kind::write ? W_OK : 0);
    if (one.kind != wire::mount_kind::optional)
      must(faccessat(found, "", wanted, AT_EMPTY_PATH | AT_EACCESS),
           "let the worker's user read", one.path);
    close(found);
  }
}

void put_basics(int root, uint64_t tmp_bytes) {
  put_memory(root, "/tmp", tmp_bytes, "1777");
  put_memory(root, "/dev", root_bytes, "0755");
  put_memory(root, "/dev/shm", tmp_bytes, "1777");
  put_link(root, "/dev/fd", "/proc/self/fd");
  put_link(root, "/dev/stdin", "/proc/self/fd/0");
  put_link(root, "/dev/stdout", "/proc/self/fd/1");
  put_link(root, "/dev/stderr", "/proc/self/fd/2");
  put_link(root, "/var/tmp", "/tmp");
  put_file(root, "/etc/passwd",
           "function:x:1000:1000:function:/tmp:/bin/sh\n"
           "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
  put_file(root, "/etc/group", "function:x:1000:\nnogroup:x:65534:\n");
}

/// Shows the own processes only. Some files in it tell of the machine.
void put_proc(int root) {
  put_processes(root);
  for (const char* file : {"/proc/kcore", "/proc/keys", "/proc/kallsyms",
                           "/proc/timer_list", "/proc/sched_debug",
                           "/proc/sysrq-trigger", "/proc/latency_stats"}) {
    const int null = take_tree("/dev/null", wire::mount_kind::device);
    if (exists_inside(root, file + 1))
      put_tree(root, file, null);
    else
      close(null);
  }
}

void change_user() {
  must(setresgid(inner_id, inner_id, inner_id), "become the worker's group");
  must(setresuid(inner_id, inner_id, inner_id), "become the worker's user");
}

void raise_loopback() {
  const int any = static_cast<int>(
    must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "open a socket"));
  ifreq device{};
  strcpy(device.ifr_name, "lo");
  device.ifr_flags = IFF_UP | IFF_RUNNING;
  must(ioctl(any, SIOCSIFFLAGS, &device), "raise the loopback device");
  close(any);
}

} // namespace

void enter_root(const order& what) {
  must(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr),
       "detach the view of files");
  const auto all = take(what.mounts); // with the node's rights on folders
  change_user();
  const int root = make_memory(root_bytes, "0755");
  must(move_mount(root, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH),
       "mount the new root");
  put_basics(root, what.head.tmp_bytes);
  put(root, all);
  put_proc(root);
  check_access(root, all);
  make_read_only(root, "/dev");
  must(fchdir(root), "enter the new root");
  must(syscall(SYS_pivot_root, ".", "."), "change the root");
  must(umount2(".", MNT_DETACH), "leave the node's root");
  must(chdir("/"), "enter the new root");
  make_read_only(root, "/");
  close(root);
  for (size_t i = 0; i < all.count; ++i)
    if (all.list[i].tree >= 0)
      close(all.list[i].tree);
  constexpr char name[] = "function";
  must(sethostname(name, sizeof name - 1), "set the host name");
  if (!what.head.network)
    raise_loopback();
}

} // namespace faas::sandbox::init
