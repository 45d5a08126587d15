// What a node and the first process of a worker (petrel-init) say to each
// other over a socket pair. Both come from one build; there are no versions.
#pragma once

#include <cstdint>

namespace faas::sandbox::wire {

/// The socket, in petrel-init.
inline constexpr int control_fd = 3;
inline constexpr uint32_t most_fds = 64;
inline constexpr int highest_target = 255;

/// What a path in the order is.
enum class mount_kind : char {
  read = 'r',     ///< read-only; must be there
  optional = 'o', ///< read-only; skipped where it is absent
  system = 's',   ///< as optional; a link stays a link
  secrets = 'x',  ///< as read; OpenFaaS's place for secrets leads there, too
  write = 'w',
  device = 'd',
};

/// Head of the order (a memfd). Behind it: the seccomp filters (first_filter
/// and second_filter bytes), the numbers of the program's descriptors
/// (int32_t), and strings, each with its zero: programs to try, arguments,
/// environment, the working folder, mounts (kind and path).
struct order_head {
  uint32_t sandboxed = 0;
  uint32_t network = 0;
  uint64_t tmp_bytes = 0;
  uint64_t address_space = 0; ///< of each process; 0: no limit
  uint64_t file_bytes = 0;
  uint32_t processes = 0;
  uint32_t open_files = 0;
  uint32_t outer_uid = 0; ///< user outside: this + pid; 0: the node's own
  uint32_t first_filter = 0;
  uint32_t second_filter = 0;
  uint32_t fds = 0;
  uint32_t programs = 0;
  uint32_t arguments = 0;
  uint32_t environment = 0;
  uint32_t mounts = 0;
};

enum class report_kind : uint32_t {
  failed = 1, ///< value: errno. Nothing follows
  entered,    ///< value: pid of the process that stays (the sender may end)
  program,    ///< sent by the program's process itself: its credentials count
  running,    ///< it was exec'd, or is ready to go on
  ended,      ///< value: wait status. Nothing follows
  waiting     ///< of a zygote's fork that waits for its order; first of all
};

/// petrel-init -> node, one packet each.
struct report {
  report_kind what = report_kind::failed;
  int32_t value = 0;
  char step[48] = {};    ///< what it was about to do
  char detail[200] = {}; ///< a path, where there is one
};

/// node -> zygote, with one end of a socket pair: fork once. The fork has it as
/// control_fd and does as petrel-init does.
inline constexpr char fork_once = 'N';
/// zygote -> node: everything is loaded.
inline constexpr char loaded = 'R';

/// node -> petrel-init, one byte each. End of file: kill all and end.
inline constexpr char terminate = 'T';

} // namespace faas::sandbox::wire
