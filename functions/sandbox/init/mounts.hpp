// Building a tree of files from parts. All paths are absolute and mean places
// below `root`, a descriptor of the new root; links on the way never lead out
// of it. Each function fails for good by fail().
#pragma once

#include "functions/sandbox/init/wire.hpp"

#include <cstdint>

namespace faas::sandbox::init {

/// A copy of what is at `path` (in the current view), with all mounts below
/// it, as a mount that hangs nowhere yet: read-only unless the kind is `write`.
/// -1 when it is absent and may be.
int take_tree(const char* path, wire::mount_kind kind);
/// Hangs it in, making folders (or a file) where there is nothing.
void put_tree(int root, const char* path, int tree);
void put_link(int root, const char* path, const char* target);
void put_file(int root, const char* path, const char* text);

/// An empty file system in memory, that hangs nowhere yet.
int make_memory(uint64_t bytes, const char* mode);
void put_memory(int root, const char* path, uint64_t bytes, const char* mode);
/// The processes of the current pid namespace.
void put_processes(int root);
/// The mount at `path` itself, not those below it.
void make_read_only(int root, const char* path);

/// `relative` to the root, which links do not leave.
int open_inside(int root, const char* relative);
bool exists_inside(int root, const char* relative);

} // namespace faas::sandbox::init
