#include "functions/sandbox/init/init.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace faas::sandbox::init {
namespace {

void write_file(pid_t pid, const char* name, const char* text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  const int file = static_cast<int>(
    must(open(path, O_WRONLY | O_CLOEXEC), "map the worker's user", path));
  must(write(file, text, strlen(text)), "map the worker's user", path);
  close(file);
}

/// One user and one group exist inside; they are nobody's outside.
void map_user(pid_t pid, unsigned uid, unsigned gid) {
  char text[64];
  write_file(pid, "setgroups", "deny");
  snprintf(text, sizeof text, "%u %u 1", inner_id, uid);
  write_file(pid, "uid_map", text);
  snprintf(text, sizeof text, "%u %u 1", inner_id, gid);
  write_file(pid, "gid_map", text);
}

/// The worker's own, where the node may give folders away.
void give(const order& what, unsigned id) {
  for (char** entry = what.mounts; *entry; ++entry) {
    if (mount_kind_of(*entry) != wire::mount_kind::write)
      continue;
    const char* path = *entry + 1;
    const int folder = static_cast<int>(
      must(open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
           "open a writable folder", path));
    must(fchownat(folder, "", id, id, AT_EMPTY_PATH),
         "give a writable folder to the worker", path);
    close(folder);
  }
}

long clone_sibling(unsigned long flags) {
#ifdef __s390x__
  return syscall(SYS_clone, nullptr, flags, nullptr, nullptr, nullptr);
#else
  return syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
#endif
}

} // namespace

void enter_namespaces(const order& what) {
  unsigned long flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS
                        | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  if (!what.head.network)
    flags |= CLONE_NEWNET;
  int go[2];
  must(pipe2(go, O_CLOEXEC), "make a pipe");
  const bool own_user = what.head.outer_uid != 0;
  if (own_user)
    must(setgroups(0, nullptr), "leave the node's groups");
  // A sibling, so that the node can wait for it when this process has ended.
  const auto inner = static_cast<pid_t>(
    must(clone_sibling(flags | CLONE_PARENT | SIGCHLD), "make namespaces"));
  if (inner == 0) {
    close(go[1]);
    char byte = 0;
    if (read(go[0], &byte, 1) != 1)
      _exit(126); // the other one has told why
    close(go[0]);
    return;
  }
  report(wire::report_kind::entered, inner);
  const auto id = what.head.outer_uid + static_cast<unsigned>(inner);
  if (own_user) {
    map_user(inner, id, id);
    give(what, id);
  } else {
    map_user(inner, getuid(), getgid());
  }
  must(write(go[1], "", 1), "go on");
  _exit(0);
}

} // namespace faas::sandbox::init
