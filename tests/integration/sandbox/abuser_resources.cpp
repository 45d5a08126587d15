#include "abuser.hpp"

#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace abuser {
namespace {

int fork_many() {
  std::vector<pid_t> children;
  int failed = 0;
  for (int i = 0; i < 100 && failed == 0; ++i) {
    const auto pid = fork();
    if (pid == 0) {
      pause();
      _exit(0);
    }
    failed = outcome(pid);
    if (pid > 0)
      children.push_back(pid);
  }
  for (const auto pid : children)
    kill(pid, SIGKILL);
  while (wait(nullptr) > 0)
    ;
  return failed;
}
int use_memory() {
  constexpr size_t bytes = 128 << 20;
  auto* memory
    = static_cast<volatile char*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (memory == MAP_FAILED)
    return errno;
  for (size_t at = 0; at < bytes; at += 4096)
    memory[at] = 1;
  return 0;
}
int open_many() {
  for (int i = 0; i < 200; ++i)
    if (open("/dev/null", O_RDONLY) < 0)
      return errno;
  return 0;
}
int dump_core() {
  // Whether a dump would be written, without dying for it.
  const rlimit all{4096, 4096};
  return outcome(setrlimit(RLIMIT_CORE, &all));
}
int set_limit(__rlimit_resource_t what) { // less than outside, more than inside
  const rlimit more{200, 200};
  return outcome(setrlimit(what, &more));
}
int raise_files() { return set_limit(RLIMIT_NOFILE); }
int raise_processes() { return set_limit(RLIMIT_NPROC); }
int get_priority() { return outcome(setpriority(PRIO_PROCESS, 0, -1)); }
int run_in_real_time() {
  const sched_param first{1};
  return outcome(sched_setscheduler(0, SCHED_FIFO, &first));
}

constexpr abuse all[] = {
  {"fork without end", fork_many},
  {"use more memory", use_memory},
  {"open more files", open_many},
  {"dump core", dump_core},
  {"raise the limit of files", raise_files},
  {"raise the limit of processes", raise_processes},
  {"get priority", get_priority},
  {"run in real time", run_in_real_time},
};

} // namespace

std::span<const abuse> on_resources() {
  return all;
}

} // namespace abuser
