// What a zygote calls: a process in which an interpreter is loaded and nothing
// of any function. It has one thread. Each of its forks does what petrel-init
// does, by the same code, and then is the program instead of starting one.
//
//   begin()              gives up what it never needs
//   next()               serves the node; returns in the first process of a new
//                        sandbox (1), or when the node is gone (0)
//   before(), then the interpreter's fork(), then parent(pid) or child()
#include "functions/sandbox/init/init.hpp"

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PETREL_CALL extern "C" __attribute__((visibility("default")))

namespace faas::sandbox::init {
namespace {

/// Of the process that next() returned in, and of its program.
order current;
/// Why the program's process failed; closed without a word when it did not.
int outcome[2] = {-1, -1};

/// A fork may only enter namespaces for which it has the node's rights on
/// folders, and name other users.
constexpr unsigned kept[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
                             CAP_SETGID, CAP_SETUID,       CAP_SETPCAP,
                             CAP_KILL};

bool keep_few_capabilities() {
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct now[2] = {};
  if (syscall(SYS_capget, &head, now) != 0)
    return false;
  __user_cap_data_struct few[2] = {};
  for (const auto one : kept) {
    few[one / 32].permitted |= now[one / 32].permitted & (1u << one % 32);
    few[one / 32].effective = few[one / 32].permitted;
  }
  return syscall(SYS_capset, &head, few) == 0;
}

/// A descriptor that came with one byte, or -1: nothing (0) or no node any more.
int received(char& byte) {
  iovec part{&byte, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  const auto got = recvmsg(wire::control_fd, &message, MSG_CMSG_CLOEXEC);
  if (got == 0 || (got < 0 && errno != EINTR))
    return -2;
  const auto* rights = got == 1 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (!rights || rights->cmsg_type != SCM_RIGHTS)
    return -1;
  int one = -1;
  memcpy(&one, CMSG_DATA(rights), sizeof one);
  return one;
}

/// A child of the node, not of this process: the node waits for it.
long clone_beside() {
#ifdef __s390x__
  return syscall(SYS_clone, nullptr, CLONE_PARENT | SIGCHLD, nullptr, nullptr,
                 nullptr);
#else
  return syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr,
                 nullptr);
#endif
}

/// In a new fork.
void enter(int control) {
  if (dup2(control, wire::control_fd) < 0)
    _exit(126);
  close_range(wire::control_fd + 1, UINT_MAX, 0);
  setsid();
  signal(SIGINT, SIG_DFL);
  report(wire::report_kind::waiting, 0);
  current = receive();
  enter_namespaces(current);
  enter_root(current);
  drop_privileges(current);
  prctl(PR_SET_NAME, "petrel-init");
}

const char* text_of(char** list, uint32_t count, uint32_t index) {
  return index < count ? list[index] : nullptr;
}

} // namespace
} // namespace faas::sandbox::init

using namespace faas::sandbox;

/// True: it did.
PETREL_CALL int petrel_zygote_begin() {
  if (geteuid() == 0) { // else it could not name its forks' users
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (unshare(CLONE_NEWNET) != 0 || !init::keep_few_capabilities())
      return 0;
  }
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

PETREL_CALL int petrel_zygote_next() {
  for (;;) {
    char byte = 0;
    const int control = init::received(byte);
    if (control == -2)
      return 0;
    if (control < 0)
      continue;
    if (byte == wire::fork_once && init::clone_beside() == 0) {
      init::enter(control);
      return 1;
    }
    close(control); // of a failed fork: the node sees the end of it
  }
}

PETREL_CALL void petrel_zygote_before() {
  int ends[2];
  init::must(pipe2(ends, O_CLOEXEC), "make a pipe");
  for (int i = 0; i < 2; ++i) { // where no target is
    init::outcome[i] = static_cast<int>(
      init::must(fcntl(ends[i], F_DUPFD_CLOEXEC, wire::highest_target + 1),
                 "make a pipe"));
    close(ends[i]);
  }
}

/// In the first process; does not return.
PETREL_CALL void petrel_zygote_parent(int program) {
  init::must(program, "start a process");
  close(init::outcome[1]);
  init::failure why;
  if (read(init::outcome[0], &why, sizeof why) == sizeof why) {
    errno = why.error;
    init::fail(why.step, why.detail); // the same addresses: it is our fork
  }
  close(init::outcome[0]);
  for (uint32_t i = 0; i < init::current.head.fds; ++i)
    close(init::current.fds[i]);
  init::report(wire::report_kind::running, 0);
  init::supervise(program, true);
}

/// In the program's process.
PETREL_CALL void petrel_zygote_child() {
  init::failure why;
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); // as after an exec
  if (!init::become_forked(init::current, why)) {
    [[maybe_unused]] const auto told
      = write(init::outcome[1], &why, sizeof why);
    _exit(127);
  }
}

PETREL_CALL const char* petrel_zygote_argument(unsigned index) {
  const auto& what = init::current;
  return init::text_of(what.arguments, what.head.arguments, index);
}

PETREL_CALL const char* petrel_zygote_variable(unsigned index) {
  const auto& what = init::current;
  return init::text_of(what.environment, what.head.environment, index);
}
