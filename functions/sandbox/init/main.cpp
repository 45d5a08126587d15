#include "functions/sandbox/init/init.hpp"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace faas::sandbox::init {

void report(wire::report_kind what, int value) {
  wire::report one;
  one.what = what;
  one.value = value;
  send(wire::control_fd, &one, sizeof one, MSG_NOSIGNAL);
}

void fail(const char* step, const char* detail) {
  wire::report one;
  one.value = errno;
  strncpy(one.step, step, sizeof one.step - 1);
  strncpy(one.detail, detail, sizeof one.detail - 1);
  send(wire::control_fd, &one, sizeof one, MSG_NOSIGNAL);
  _exit(126);
}

} // namespace faas::sandbox::init

int main(int count, char** arguments) {
  using namespace faas::sandbox;
  if (count > 1 && strcmp(arguments[1], "probe") == 0)
    return init::probe();
  close_range(wire::control_fd + 1, UINT_MAX, 0);
  const auto what = init::receive();
  const bool sandboxed = what.head.sandboxed != 0;
  if (sandboxed) {
    init::enter_namespaces(what);
    init::enter_root(what);
    init::drop_privileges(what);
  } else {
    init::must(prctl(PR_SET_CHILD_SUBREAPER, 1),
               "become the reaper of what the program leaves");
  }
  const auto program = init::start(what);
  init::report(wire::report_kind::running, 0);
  init::supervise(program, sandboxed);
}
