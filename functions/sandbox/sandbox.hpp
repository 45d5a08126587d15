// What a worker process may see and use, and what this machine can enforce.
#pragma once

#include "libfaas/manifest/function_spec.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace faas::sandbox {

/// What one worker process may see and use. Paths are absolute and appear at
/// the same place inside; whatever no line names does not exist there. Where the
/// node is root a worker is another user: it reads what all may read (what is
/// above the named folders may be closed).
struct plan {
  /// Read-only; nothing of other functions is there. Empty: none.
  std::filesystem::path bundle;
  /// Read-only, and replaced files show at once. /var/openfaas/secrets is a link
  /// to it. Empty: none.
  std::filesystem::path secrets;
  /// Further files and folders, read-only (besides the system's /usr, /lib*,
  /// /bin, /sbin and a few files of /etc).
  std::vector<std::filesystem::path> readable;
  /// Folders it may write, for example that of the unix socket it serves on.
  /// Where the node is root, these become the worker's own.
  std::vector<std::filesystem::path> writable;
  /// Bound of its private /tmp, and of its /dev/shm: both in memory.
  uint64_t tmp_bytes = 64 << 20;
  uint64_t memory_bytes = 0; ///< of the whole worker; 0: no limit
  double cpus = 0;           ///< CPU seconds per second; 0: no limit
  uint32_t processes = 64;   ///< and threads, together
  uint32_t open_files = 256; ///< per process
  /// False: an own network with a loopback device and nothing else.
  bool network = false;
};

/// One means of the sandbox on this machine.
struct mechanism {
  bool works = false;
  std::string how; ///< what enforces it, or the reason why nothing does
};

/// What this machine lets this process do.
struct mechanisms {
  mechanism user_namespace;  ///< an own user with no right on the node
  mechanism mount_namespace; ///< sees the plan's files only
  mechanism pid_namespace;   ///< sees and signals its own processes only
  mechanism ipc_namespace;   ///< own System V objects and message queues
  mechanism uts_namespace;   ///< own host name
  mechanism network_namespace;
  mechanism seccomp; ///< system calls that no function needs are refused
  mechanism own_uid; ///< a user id per worker outside, too
  mechanism memory;  ///< cgroup; else address space of each process
  mechanism processes;
  mechanism cpu;

  /// Name -> "yes (how)" or "no (reason)", for `describe` and the log.
  string_map facts() const;
  /// Whether bundles that nobody vouches for may run: all namespaces, seccomp
  /// and a bound of processes.
  bool enough() const;
  /// What is missing for that, one sentence with the reasons; "" when enough.
  std::string missing() const;
};

/// Tries each mechanism in processes of its own; some 10 ms. Thread safe.
mechanisms probe();

} // namespace faas::sandbox
