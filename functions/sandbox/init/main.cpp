#include "functions/sandbox/init/init.hpp"

#include <climits>
#include <cstring>
#include <sys/prctl.h>
#include <unistd.h>

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
