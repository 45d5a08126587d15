#include "abuser.hpp"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace {

/// A process that has left its parent, group, session and folder.
int outlive() {
  if (fork() == 0) {
    setsid();
    if (fork() == 0) {
      printf("%d\n", getpid());
      fflush(stdout);
      pause();
    }
    _exit(0);
  }
  pause();
  return 0;
}

} // namespace

/// "done", or "refused: ENAME" with status 10; status 2 for an unknown name.
int main(int count, char** arguments) {
  const char* name = count > 1 ? arguments[1] : "";
  signal(SIGXFSZ, SIG_IGN); // then EFBIG
  if (strcmp(name, "outlive the node") == 0)
    return outlive();
  for (const auto part : {abuser::on_files(), abuser::on_processes(),
                          abuser::on_resources(), abuser::on_networks(),
                          abuser::on_kernel()})
    for (const auto& one : part)
      if (strcmp(one.name, name) == 0) {
        const int failed = one.act();
        if (failed == 0)
          puts("done");
        else
          printf("refused: %s\n", strerrorname_np(failed));
        return failed == 0 ? 0 : 10;
      }
  fprintf(stderr, "no such abuse: %s\n", name);
  return 2;
}
