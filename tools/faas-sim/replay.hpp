// faas-sim replay: what other policies would have taken, from a node's log.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace faas::sim {

/// Reads the logs named on the command line ("replay" is argv[0]) and prints a
/// table per function. The exit code: 0, or 2 for a wrong command line or log.
int replay(int argc, const char* const* argv, std::ostream& out,
           std::ostream& err);

} // namespace faas::sim
