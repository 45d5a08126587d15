#include "functions/sandbox/init/mounts.hpp"

#include "functions/sandbox/init/init.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace faas::sandbox::init {
namespace {

long try_inside(int root, const char* relative) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  return syscall(SYS_openat2, root, *relative ? relative : ".", &how,
                 sizeof how);
}

struct place {
  int folder = -1;
  const char* name = nullptr;
};

/// Opens the folder of `path`, making it and those above it.
place make_parent(int root, const char* path) {
  char prefix[4096];
  const auto length = strlen(path);
  if (length >= sizeof prefix)
    errno = ENAMETOOLONG, fail("make a folder", path);
  strcpy(prefix, path);
  place at{dup(root), prefix + 1};
  for (char* slash = strchr(prefix + 1, '/'); slash;
       slash = strchr(slash + 1, '/')) {
    *slash = 0;
    if (mkdirat(at.folder, at.name, 0755) != 0 && errno != EEXIST
        && errno != EROFS)
      fail("make a folder", path);
    close(at.folder);
    at.folder = open_inside(root, prefix + 1);
    at.name = slash + 1;
    *slash = '/';
  }
  at.name = path + (at.name - prefix);
  return at;
}

void configure(int context, const char* key, const char* value) {
  must(fsconfig(context, FSCONFIG_SET_STRING, key, value, 0),
       "configure a file system", key);
}

int finish(int context, unsigned attributes, const char* what) {
  must(fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0),
       "make a file system", what);
  const auto made
    = must(fsmount(context, FSMOUNT_CLOEXEC, attributes), "mount", what);
  close(context);
  return static_cast<int>(made);
}

} // namespace

int open_inside(int root, const char* relative) {
  return static_cast<int>(
    must(try_inside(root, relative), "open a folder", relative));
}

bool exists_inside(int root, const char* relative) {
  const auto found = try_inside(root, relative);
  if (found >= 0)
    close(static_cast<int>(found));
  return found >= 0;
}

int take_tree(const char* path, wire::mount_kind kind) {
  const int tree
    = open_tree(AT_FDCWD, path,
                OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  if (tree < 0
      && (kind == wire::mount_kind::optional
          || kind == wire::mount_kind::system)
      && (errno == ENOENT || errno == EACCES))
    return -1;
  must(tree, "take from the node's files", path);
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_NOSUID;
  if (kind != wire::mount_kind::device)
    attributes.attr_set |= MOUNT_ATTR_NODEV;
  if (kind != wire::mount_kind::write)
    attributes.attr_set |= MOUNT_ATTR_RDONLY;
  must(mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                     sizeof attributes),
       "protect", path);
  return tree;
}

void put_tree(int root, const char* path, int tree) {
  const auto at = make_parent(root, path);
  struct stat info {};
  must(fstat(tree, &info), "look at", path);
  if (S_ISDIR(info.st_mode)) {
    if (mkdirat(at.folder, at.name, 0755) != 0 && errno != EEXIST
        && errno != EROFS)
      fail("make a folder", path);
  } else {
    const int file = openat(at.folder, at.name,
                            O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
    if (file < 0 && errno != EEXIST && errno != EROFS)
      fail("make a file", path);
    close(file);
  }
  close(at.folder);
  const int target = open_inside(root, path + 1);
  must(move_mount(tree, "", target, "",
                  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
       "mount", path);
  close(target);
}

void put_link(int root, const char* path, const char* target) {
  const auto at = make_parent(root, path);
  if (symlinkat(target, at.folder, at.name) != 0 && errno != EEXIST)
    fail("make a link", path);
  close(at.folder);
}

void put_file(int root, const char* path, const char* text) {
  const auto at = make_parent(root, path);
  const int file = static_cast<int>(
    must(openat(at.folder, at.name,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444),
         "make a file", path));
  must(write(file, text, strlen(text)), "write a file", path);
  close(file);
  close(at.folder);
}

int make_memory(uint64_t bytes, const char* mode) {
  const int context = static_cast<int>(
    must(fsopen("tmpfs", FSOPEN_CLOEXEC), "make a file system", "tmpfs"));
  char size[32];
  snprintf(size, sizeof size, "%llu", static_cast<unsigned long long>(bytes));
  configure(context, "size", size);
  // A file takes memory of the kernel beside its pages.
  snprintf(size, sizeof size, "%llu",
           static_cast<unsigned long long>(bytes / 4096 + 64));
  configure(context, "nr_inodes", size);
  configure(context, "mode", mode);
  return finish(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, "tmpfs");
}

void put_memory(int root, const char* path, uint64_t bytes, const char* mode) {
  const int tree = make_memory(bytes, mode);
  put_tree(root, path, tree);
  close(tree);
}

void put_processes(int root) {
  const int context = static_cast<int>(
    must(fsopen("proc", FSOPEN_CLOEXEC), "make a file system", "proc"));
  const int tree = finish(context,
                          MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV
                            | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY,
                          "proc");
  put_tree(root, "/proc", tree);
  close(tree);
}

void make_read_only(int root, const char* path) {
  const int found = open_inside(root, path + 1);
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  must(mount_setattr(found, "", AT_EMPTY_PATH, &attributes, sizeof attributes),
       "protect", path);
  close(found);
}

} // namespace faas::sandbox::init
