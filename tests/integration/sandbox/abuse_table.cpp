#include "tests/integration/sandbox/abuse_table.hpp"

namespace faas::testing {
namespace {

constexpr auto mounts = "mount namespace", read_only = "read-only mount",
               bound = "bounded tmpfs", pids = "pid namespace",
               user = "user namespace", no_capability = "no capabilities",
               filter = "seccomp", limit = "rlimit", net = "network namespace",
               ipc = "ipc namespace", guarded = "undumpable first process";

constexpr abuse_row table[] = {
  // files
  {"read another function's bundle", "ENOENT", mounts},
  {"read another function's secret", "ENOENT", mounts},
  {"read beside the bundle by ..", "ENOENT", mounts},
  {"read the machine's passwords", "ENOENT", mounts, shown::as_root},
  {"read through /proc/1/root", "EACCES", guarded, shown::if_there},
  {"write into the bundle", "EROFS", read_only},
  {"write into the secrets", "EROFS", read_only},
  {"change the bundle's modes", "EROFS", read_only},
  {"write to the root folder", "EROFS", read_only, shown::as_root},
  {"write to a system program", "EACCES", user, shown::as_root},
  {"fill /tmp", "ENOSPC", bound},
  {"fill /dev/shm", "ENOSPC", bound},
  {"make a huge file", "EFBIG", limit, shown::if_there},
  {"open the machine's memory", "ENOENT", mounts, shown::if_there},
  {"make a device", "EPERM", no_capability, shown::as_root},
  {"list devices in /sys", "ENOENT", mounts},
  {"set a kernel parameter", "EACCES", user, shown::as_root},
  // processes
  {"see the node's process", "ENOENT", pids},
  {"read the node's environment", "ENOENT", pids},
  {"read the node's memory", "ENOENT", pids},
  {"read the first process's environment", "EACCES", guarded, shown::if_there},
  {"signal the node's process group", "ESRCH", pids},
  {"kill the node", "ESRCH", pids},
  {"kill the first process", "EPERM", pids, shown::never,
   "it would be the machine's"},
  {"trace a sibling", "EPERM", filter},
  {"read a sibling's memory", "EPERM", filter},
  {"take a sibling's descriptor", "EPERM", filter},
  {"become root", "EINVAL", user, shown::as_root},
  {"become another user", "EINVAL", user, shown::as_root},
  // resources
  {"fork without end", "EAGAIN", "cgroup pids or rlimit"},
  {"open more files", "EMFILE", limit},
  {"dump core", "EPERM", limit, shown::if_there},
  {"raise the limit of files", "EPERM", limit},
  {"raise the limit of processes", "EPERM", limit},
  {"get priority", "EACCES", no_capability, shown::as_root},
  {"run in real time", "EPERM", no_capability, shown::if_there},
  // network and shared objects
  {"connect to the node's loopback", "ECONNREFUSED", net},
  {"connect to an abstract socket", "ECONNREFUSED", net},
  {"connect to a socket's path", "ENOENT", mounts},
  {"listen to packets", "ENOSYS", filter, shown::if_there},
  {"open a raw socket", "EPERM", no_capability, shown::as_root},
  {"open a socket of a rare family", "ENOSYS", filter, shown::if_there},
  {"open System V shared memory", "ENOENT", ipc},
  {"open POSIX shared memory", "ENOENT", mounts},
  {"open a message queue", "ENOENT", ipc, shown::if_there},
  // the kernel
  {"mount", "EPERM", filter, shown::as_root},
  {"unmount", "EPERM", filter, shown::as_root},
  {"remount writable", "EPERM", filter, shown::as_root},
  {"mount by the new calls", "EPERM", filter, shown::as_root},
  {"change the root", "EPERM", filter, shown::as_root},
  {"make a user namespace", "EPERM", filter, shown::if_there},
  {"clone into a user namespace", "EPERM", filter, shown::if_there},
  {"clone3 into a user namespace", "ENOSYS", filter, shown::if_there},
  {"enter a namespace", "EPERM", filter, shown::as_root},
  {"rename the host", "EPERM", filter, shown::as_root},
  {"use kernel keys", "EPERM", filter, shown::if_there},
  {"watch performance events", "EPERM", filter, shown::if_there},
  {"load BPF", "EPERM", filter, shown::if_there},
  {"handle page faults", "EPERM", filter, shown::if_there},
  {"queue calls by io_uring", "EPERM", filter, shown::if_there},
  {"open a file by handle", "EPERM", filter, shown::if_there},
  {"change the personality", "ENOSYS", filter},
  {"read the kernel's log", "EPERM", filter, shown::if_there},
  {"load a kernel module", "EPERM", filter, shown::never,
   "it would change the machine"},
  {"set the clock", "EPERM", filter, shown::never,
   "it would change the machine"},
  {"restart the machine", "EPERM", filter, shown::never,
   "it would end the machine"},
  {"type into a terminal", "EPERM", filter, shown::as_root},
};

} // namespace

std::span<const abuse_row> abuse_table() {
  return table;
}

} // namespace faas::testing
