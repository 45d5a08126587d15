// Bounds of memory, processes and CPU time for all of a worker together.
#pragma once

#include "functions/sandbox/sandbox.hpp"
#include "libfaas/core/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace faas::sandbox {

/// Where a node may make groups for its workers: below its own group, so that
/// its own bounds hold for them, too.
struct cgroup_base {
  /// A folder per controller; empty where there is none that may be used. The
  /// same one for all in the unified hierarchy (version 2).
  std::filesystem::path memory, processes, cpu;
  bool unified = false;
  std::string reason; ///< why one is empty

  bool operator==(const cgroup_base&) const = default;
};

/// Reads it from the texts of /proc/self/cgroup and /proc/self/mountinfo. Looks
/// whether the folders may be written; in version 2 it also switches the
/// controllers on (needs Delegate=yes and DelegateSubgroup=node in systemd).
cgroup_base find_cgroup_base(std::string_view cgroup,
                             std::string_view mountinfo);
cgroup_base find_cgroup_base(); ///< of this process

/// The files of a group called `name`, and what to write to each for these
/// limits: in the words of the base's version, for the controllers it has.
std::vector<std::pair<std::filesystem::path, std::string>>
cgroup_settings(const cgroup_base& base, const plan& limits,
                const std::string& name);

/// A group of its own for one worker; removed by the destructor, when all its
/// processes have ended.
class cgroup {
public:
  /// `name` must be new. Makes only what the plan needs and the base has.
  /// errc::unavailable.
  static result<cgroup> make(const cgroup_base& base, const plan& limits,
                             const std::string& name);
  cgroup() = default;
  cgroup(cgroup&&) noexcept = default;
  cgroup& operator=(cgroup&& other) noexcept;
  ~cgroup();

  /// Puts a process (and what it will start) into it. errc::unavailable.
  result<void> add(pid_t pid) const;
  bool bounds_memory() const noexcept { return !memory_.empty(); }
  /// Whether the kernel killed one of it for memory.
  bool out_of_memory() const;

private:
  std::vector<std::filesystem::path> folders_;
  std::filesystem::path memory_; ///< the one that bounds memory
};

/// Name for the next group of this process, and removal of what processes that
/// ended without their destructors left.
std::string cgroup_name(pid_t node, pid_t worker);
void sweep_cgroups(const cgroup_base& base);

} // namespace faas::sandbox
