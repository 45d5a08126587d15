#include "abuser.hpp"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace abuser {
namespace {

std::string of_victim(const char* name) {
  return std::string{"/proc/"} + fact("VICTIM") + "/" + name;
}

pid_t victim() {
  return static_cast<pid_t>(atoi(fact("VICTIM")));
}

/// A process beside this one, that waits.
pid_t sibling() {
  const auto pid = fork();
  if (pid == 0) {
    pause();
    _exit(0);
  }
  return pid;
}

int end(pid_t pid, int failed) {
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  return failed;
}

int see_process() {
  struct stat info {};
  return outcome(stat(of_victim("").c_str(), &info));
}
int read_environment() {
  return outcome(open(of_victim("environ").c_str(), O_RDONLY));
}
int read_memory() {
  return outcome(open(of_victim("mem").c_str(), O_RDONLY));
}
int read_init_environment() {
  const int file = open("/proc/1/environ", O_RDONLY);
  char byte;
  return file < 0 ? errno : outcome(read(file, &byte, 1));
}
int signal_node() { return outcome(kill(victim(), SIGKILL)); }
int signal_group_of_node() { return outcome(kill(-victim(), 0)); }
int kill_init() { // it stays: then the program does, too
  if (kill(1, SIGKILL) != 0)
    return errno;
  if (kill(1, SIGTERM) != 0 || kill(1, 0) != 0)
    return errno;
  return EPERM;
}
int trace_sibling() {
  const auto pid = sibling();
  return end(pid, outcome(ptrace(PTRACE_ATTACH, pid, nullptr, nullptr)));
}
int read_sibling_memory() {
  static char there[8] = "secret", here[8];
  const iovec remote{there, sizeof there}, local{here, sizeof here};
  const auto pid = sibling();
  return end(pid, outcome(process_vm_readv(pid, &local, 1, &remote, 1, 0)));
}
int take_descriptor() {
  const auto pid = sibling();
  const long file = syscall(SYS_pidfd_open, pid, 0);
  return end(pid, outcome(syscall(SYS_pidfd_getfd, file, 1, 0)));
}
int become_root() { return outcome(setresuid(0, 0, 0)); }
int become_another() { return outcome(setresuid(65534, 65534, 65534)); }

constexpr abuse all[] = {
  {"see the node's process", see_process},
  {"read the node's environment", read_environment},
  {"read the node's memory", read_memory},
  {"read the first process's environment", read_init_environment},
  {"signal the node's process group", signal_group_of_node},
  {"kill the node", signal_node},
  {"kill the first process", kill_init},
  {"trace a sibling", trace_sibling},
  {"read a sibling's memory", read_sibling_memory},
  {"take a sibling's descriptor", take_descriptor},
  {"become root", become_root},
  {"become another user", become_another},
};

} // namespace

std::span<const abuse> on_processes() {
  return all;
}

} // namespace abuser
