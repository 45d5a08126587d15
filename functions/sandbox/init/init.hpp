// The parts of petrel-init: the first process of a worker. It is exec'd by the
// node, has one thread, holds nothing of the node's memory, prepares the
// sandbox, starts the program and ends with it or with the node. Linked
// statically and without exceptions; every fault is reported and final.
#pragma once

#include "functions/sandbox/init/wire.hpp"

#include <cstddef>
#include <sys/types.h>

namespace faas::sandbox::init {

/// User and group of the program, as it sees itself.
inline constexpr unsigned inner_id = 1000;

/// The order, taken apart. Points into its mapping.
struct order {
  wire::order_head head;
  const char* filters = nullptr;
  int fds[wire::most_fds] = {};     ///< as received, moved out of the way
  int targets[wire::most_fds] = {}; ///< as the program sees them
  char** programs = nullptr;        ///< null-terminated, as the next two
  char** arguments = nullptr;
  char** environment = nullptr;
  const char* folder = nullptr;
  char** mounts = nullptr;
};

inline wire::mount_kind mount_kind_of(const char* entry) {
  return static_cast<wire::mount_kind>(*entry);
}

/// Tells the node what failed (with errno) and ends.
[[noreturn]] void fail(const char* step, const char* detail = "");
void report(wire::report_kind what, int value);
/// fail() where `done` says so (negative).
inline long must(long done, const char* step, const char* detail = "") {
  if (done < 0)
    fail(step, detail);
  return done;
}

/// Receives the order and its descriptors.
order receive();

/// Returns in the process that lives in the new namespaces; the one that
/// called ends. The view of files is still the node's.
void enter_namespaces(const order& what);
/// Changes to the root folder of the plan.
void enter_root(const order& what);
/// Gives all privileges up, sets limits, loads the filters.
void drop_privileges(const order& what);

/// Starts the program; its process.
pid_t start(const order& what);
/// Why a process could not become the program.
struct failure {
  int error = 0;
  const char* step = nullptr;
  const char* detail = "";
};
/// In a process that was forked to be the program itself (no exec): sets up what
/// start() does. False: what failed.
bool become_forked(const order& what, failure& why);
/// Serves the node until the program or the node has ended; does not return.
[[noreturn]] void supervise(pid_t program, bool sandboxed);

/// Tries what the machine allows; a line each on standard output.
int probe();

} // namespace faas::sandbox::init
