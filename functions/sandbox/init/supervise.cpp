#include "functions/sandbox/init/init.hpp"

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace faas::sandbox::init {
namespace {

/// Why the program could not be started; written by the process that shares
/// our memory until it has exec'd.
struct {
  volatile int error = 0;
  const char* volatile step = "";
  const char* volatile detail = "";
} trouble;

[[noreturn]] void give_up(const char* step, const char* detail) {
  trouble.error = errno;
  trouble.step = step;
  trouble.detail = detail;
  _exit(127);
}

/// Closes everything from 3 on that is no target.
void close_others(const order& what) {
  int from = 3;
  for (;;) {
    int next = INT_MAX;
    for (uint32_t i = 0; i < what.head.fds; ++i)
      if (what.targets[i] >= from && what.targets[i] < next)
        next = what.targets[i];
    if (next > from)
      close_range(static_cast<unsigned>(from), static_cast<unsigned>(next - 1),
                  0);
    if (next == INT_MAX)
      return;
    from = next + 1;
  }
}

void execute(const order& what) {
  int first = 0;
  const char* where = what.programs[0];
  for (char** file = what.programs; *file; ++file) {
    execve(*file, what.arguments, what.environment);
    if (errno == ENOENT || errno == ENOTDIR)
      continue;
    if (first == 0) {
      first = errno;
      where = *file;
    }
    if (errno != EACCES)
      break;
  }
  if (first != 0)
    errno = first;
  give_up("execute", where);
}

/// What the program's process sets up for itself. The step that failed (with
/// errno), or null. Closes all that the program does not get, at the end.
const char* settle(const order& what, const char*& detail) {
  detail = "";
  for (uint32_t i = 0; i < what.head.fds; ++i)
    if (dup2(what.fds[i], what.targets[i]) < 0)
      return "hand over a descriptor";
  if (*what.folder && chdir(what.folder) != 0) {
    detail = what.folder;
    return "enter the working folder";
  }
  if (what.head.open_files > 0) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    if (what.head.open_files < files.rlim_max)
      files.rlim_max = what.head.open_files;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
      return "limit open files";
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  close_others(what);
  return nullptr;
}

/// A group and a session of its own, which ends with its parent.
void introduce() {
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  report(wire::report_kind::program, 0);
}

/// In the new process, until it is the program.
[[noreturn]] void become(const order& what) {
  introduce();
  const char* detail = "";
  if (const char* step = settle(what, detail))
    give_up(step, detail);
  execute(what);
  _exit(127);
}

/// Outside of a pid namespace: kills children until none is left. Orphans of a
/// killed one become ours (we are their reaper), so this ends at the leaves.
void kill_all(pid_t program, int& status) {
  kill(-program, SIGKILL);
  for (;;) {
    const int list = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    char text[4096];
    const auto got = list < 0 ? 0 : read(list, text, sizeof text - 1);
    close(list);
    text[got > 0 ? got : 0] = 0;
    char* at = text;
    for (long pid; (pid = strtol(at, &at, 10)) > 1;)
      if (at < text + got) // a number that was cut off is read next time
        kill(static_cast<pid_t>(pid), SIGKILL);
    int one = 0;
    const auto ended = waitpid(-1, &one, __WALL);
    if (ended == program)
      status = one;
    if (ended < 0 && errno == ECHILD)
      return;
  }
}

[[noreturn]] void finish(pid_t program, bool sandboxed, int status) {
  if (!sandboxed)
    kill_all(program, status);
  report(wire::report_kind::ended, status);
  _exit(0); // the kernel kills what is left of a pid namespace
}

} // namespace

pid_t start(const order& what) {
  const auto program = vfork();
  if (program == 0)
    become(what);
  must(program, "start a process");
  if (trouble.error != 0) {
    waitpid(program, nullptr, 0);
    errno = trouble.error;
    fail(trouble.step, trouble.detail);
  }
  for (uint32_t i = 0; i < what.head.fds; ++i)
    close(what.fds[i]);
  return program;
}

bool become_forked(const order& what, failure& why) {
  introduce();
  why.step = settle(what, why.detail);
  why.error = errno;
  return why.step == nullptr;
}

void supervise(pid_t program, bool sandboxed) {
  sigset_t chld;
  sigemptyset(&chld);
  sigaddset(&chld, SIGCHLD);
  sigprocmask(SIG_BLOCK, &chld, nullptr);
  const int signals
    = static_cast<int>(must(signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK),
                            "watch the program"));
  for (;;) {
    int status = 0;
    for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;)
      if (ended == program)
        finish(program, sandboxed, status);
    pollfd ready[2] = {{wire::control_fd, POLLIN, 0}, {signals, POLLIN, 0}};
    if (poll(ready, 2, -1) < 0)
      continue;
    signalfd_siginfo ignored;
    while (read(signals, &ignored, sizeof ignored) > 0)
      ;
    char order = 0;
    const auto got = ready[0].revents
                       ? recv(wire::control_fd, &order, 1, MSG_DONTWAIT)
                       : -1;
    if (got == 0) // no node any more, or it wants an end
      finish(program, sandboxed, SIGKILL);
    if (got == 1 && order == wire::terminate)
      kill(-program, SIGTERM);
  }
}

} // namespace faas::sandbox::init
