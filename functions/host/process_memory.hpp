// Memory of worker processes, from /proc.
#pragma once

#include <cstdint>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace faas::host {

struct memory_use {
  uint64_t bytes = 0;
  uint32_t processes = 0; ///< that were there to be looked at
  /// Shared pages are divided among those that share them; false for a process
  /// of which the kernel tells only what is resident.
  bool proportional = true;
};

/// Of these processes and all that they started. One that has ended counts
/// nothing. Reads a few files for each: not for the hot path. `proc`: where the
/// kernel's files are.
memory_use memory_of(const std::vector<pid_t>& pids, const char* proc = "/proc");

/// "12 345" as numbers; what is none is left out. At most 1024.
std::vector<pid_t> pids_in(std::string_view text);

} // namespace faas::host
