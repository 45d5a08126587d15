#include "tools/faas-cli/exit_code.hpp"

#include <ostream>

namespace faas::cli {

exit_code exit_code_of(errc code) noexcept {
  switch (code) {
  case errc::ok:
    return exit_code::ok;
  case errc::invalid_argument:
    return exit_code::usage;
  case errc::not_found:
    return exit_code::not_found;
  case errc::unauthorized:
  case errc::forbidden:
    return exit_code::refused;
  case errc::unavailable:
  case errc::shutting_down:
    return exit_code::unreachable;
  case errc::deadline_exceeded:
    return exit_code::timeout;
  case errc::overloaded:
    return exit_code::busy;
  default:
    return exit_code::failed;
  }
}

std::string exit_code_help() {
  return "Exit codes of faas-cli:\n"
         "  0  done\n"
         "  1  a function, a build or a deployment failed\n"
         "  2  the command line, the manifest or the request is wrong\n"
         "  3  no such function, file or bundle\n"
         "  4  refused: no or wrong credential, or not allowed\n"
         "  5  no gateway there, or nothing ready behind it\n"
         "  6  not done in time\n"
         "  7  busy: queue full, try again later\n"
         "An interrupted command ends by the signal (130 in a shell).\n";
}

void print_error(std::ostream& out, const error& what,
                 std::string_view call_id) {
  out << "Error: " << name(what.code) << ": " << what.message << '\n';
  if (!call_id.empty())
    out << "Call id: " << call_id << '\n';
  if (!what.next_step.empty())
    out << "Next: " << what.next_step << '\n';
}

} // namespace faas::cli
