// faas-worker: the process in which one instance of a native function runs. A
// node starts it; it is of no use by hand.
#include "functions/isolated/worker/serve.hpp"

#include <charconv>
#include <cstring>
#include <iostream>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
// A leak check at a function's exit() needs ptrace, which the sandbox refuses:
// it would end with its own status in place of the function's.
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0";
}
#endif

namespace {

bool parse(const char* text, int& to) {
  const auto* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, to);
  return parsed.ec == std::errc{} && parsed.ptr == end && to > 2;
}

} // namespace

int main(int count, char** words) {
  faas::isolated::worker_fds fds;
  if (count != 3 || !parse(words[1], fds.memory)
      || !parse(words[2], fds.control)) {
    std::cerr << "faas-worker runs a function for a Petrel node, which starts "
                 "it: see faas-node\n";
    return faas::isolated::cannot_serve;
  }
  // Without static destructors: the instance is gone, and nothing else counts.
  const auto status = faas::isolated::serve(fds);
  std::cerr.flush();
  _exit(status);
}
