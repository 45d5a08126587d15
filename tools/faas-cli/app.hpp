// The program: finds the command, parses, runs, reports.
#pragma once

#include "tools/faas-cli/exit_code.hpp"
#include "tools/faas-cli/machine.hpp"

namespace faas::cli {

/// Runs one command line (without the program's name).
exit_code run(session& s, const std::vector<std::string>& words);

/// Help of the program, or of one command; errc::not_found.
result<std::string> help_text(std::string_view topic);

} // namespace faas::cli
