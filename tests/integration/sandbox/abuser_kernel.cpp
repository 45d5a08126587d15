#include "abuser.hpp"

#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace abuser {
namespace {

/// Nothing of the machine is changed where this works.
void hide_mounts() {
  if (unshare(CLONE_NEWNS) == 0)
    mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
}

int mount_memory() {
  hide_mounts();
  return outcome(mount("tmpfs", "/tmp", "tmpfs", 0, nullptr));
}
int unmount() {
  hide_mounts();
  return outcome(umount2("/proc", MNT_DETACH));
}
int make_writable() {
  hide_mounts();
  mount("/usr", "/usr", nullptr, MS_BIND, nullptr);
  return outcome(mount(nullptr, "/usr", nullptr, MS_REMOUNT | MS_BIND, nullptr));
}
int new_mount_api() { return outcome(syscall(SYS_fsopen, "tmpfs", 0)); }
int change_root() { return outcome(chroot("/")); }
int new_user_namespace() { return outcome(unshare(CLONE_NEWUSER)); }
int clone_into_namespace() {
  const auto pid = static_cast<pid_t>(syscall(
    SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (pid == 0)
    _exit(0);
  if (pid > 0)
    waitpid(pid, nullptr, 0);
  return outcome(pid);
}
int clone3_into_namespace() {
  uint64_t arguments[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0};
  const auto pid
    = static_cast<pid_t>(syscall(SYS_clone3, arguments, sizeof arguments));
  if (pid == 0)
    _exit(0);
  if (pid > 0)
    waitpid(pid, nullptr, 0);
  return outcome(pid);
}
int enter_namespace() {
  const int file = open("/proc/self/ns/uts", O_RDONLY);
  return outcome(setns(file, CLONE_NEWUTS));
}
int rename_host() { // to what it is called
  char name[65] = {};
  gethostname(name, sizeof name - 1);
  return outcome(sethostname(name, strlen(name)));
}
int use_keys() { return outcome(syscall(SYS_keyctl, 0, -3, 1)); }
int watch_machine() {
  perf_event_attr what{};
  what.type = PERF_TYPE_SOFTWARE;
  what.size = sizeof what;
  what.config = PERF_COUNT_SW_CPU_CLOCK;
  return outcome(syscall(SYS_perf_event_open, &what, 0, -1, -1, 0));
}
int load_bpf() {
  bpf_attr what{};
  what.map_type = BPF_MAP_TYPE_ARRAY;
  what.key_size = 4;
  what.value_size = 4;
  what.max_entries = 1;
  return outcome(syscall(SYS_bpf, BPF_MAP_CREATE, &what, sizeof what));
}
int handle_faults() { return outcome(syscall(SYS_userfaultfd, 0)); }
int queue_calls() {
  io_uring_params what{};
  return outcome(syscall(SYS_io_uring_setup, 1, &what));
}
int open_by_handle() {
  struct {
    file_handle head{128, 0, {}};
    char space[128];
  } handle;
  int mount_id = 0;
  if (name_to_handle_at(AT_FDCWD, "/usr", &handle.head, &mount_id, 0) != 0)
    return errno;
  const int root = open("/usr", O_RDONLY);
  return outcome(open_by_handle_at(root, &handle.head, O_PATH));
}
int change_personality() {
  return outcome(personality(ADDR_NO_RANDOMIZE));
}
int read_kernel_log() { return outcome(klogctl(10, nullptr, 0)); }
int load_module() { return outcome(syscall(SYS_init_module, "", 0, "")); }
int set_clock() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return outcome(clock_settime(CLOCK_REALTIME, &now));
}
int restart_machine() { return outcome(syscall(SYS_reboot, 0, 0, 0, nullptr)); }
int type_into_terminal() {
  char letter = 'x';
  return outcome(ioctl(0, TIOCSTI, &letter));
}

constexpr abuse all[] = {
  {"mount", mount_memory},
  {"unmount", unmount},
  {"remount writable", make_writable},
  {"mount by the new calls", new_mount_api},
  {"change the root", change_root},
  {"make a user namespace", new_user_namespace},
  {"clone into a user namespace", clone_into_namespace},
  {"clone3 into a user namespace", clone3_into_namespace},
  {"enter a namespace", enter_namespace},
  {"rename the host", rename_host},
  {"use kernel keys", use_keys},
  {"watch performance events", watch_machine},
  {"load BPF", load_bpf},
  {"handle page faults", handle_faults},
  {"queue calls by io_uring", queue_calls},
  {"open a file by handle", open_by_handle},
  {"change the personality", change_personality},
  {"read the kernel's log", read_kernel_log},
  {"load a kernel module", load_module},
  {"set the clock", set_clock},
  {"restart the machine", restart_machine},
  {"type into a terminal", type_into_terminal},
};

} // namespace

std::span<const abuse> on_kernel() {
  return all;
}

} // namespace abuser
