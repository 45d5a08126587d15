#include "functions/sandbox/init/init.hpp"

#include <cerrno>
#include <cstring>
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
