// faas-sim what-if: what would have been, from a node's log.
#pragma once

#include <iosfwd>

namespace faas::sim {

/// Reads the log named on the command line ("what-if" is argv[0]), plays it as
/// it was and as it is asked for, and prints a table or JSON. The exit code: 0,
/// or 2 for a wrong command line or a log that does not tell it.
int what_if(int argc, const char* const* argv, std::ostream& out,
            std::ostream& err);

} // namespace faas::sim
