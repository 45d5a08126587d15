// How faas-cli ends.
#pragma once

#include "libfaas/core/error.hpp"

#include <iosfwd>

namespace faas::cli {

/// Documented in `faas-cli help exit-codes` and docs/cli.md; scripts rely on
/// the numbers.
enum class exit_code : int {
  ok = 0,
  failed = 1,      ///< a function, a build or a deployment failed
  usage = 2,       ///< command line, manifest or request is wrong
  not_found = 3,   ///< no such function, file or bundle
  refused = 4,     ///< no or wrong credential, or not allowed
  unreachable = 5, ///< no gateway there, or nothing ready behind it
  timeout = 6,     ///< not done in time
  busy = 7         ///< queue full; try again later
};

exit_code exit_code_of(errc code) noexcept;

/// The text of `faas-cli help exit-codes`.
std::string exit_code_help();

/// "Error: code: message", then the call id and the next step, if any.
void print_error(std::ostream& out, const error& what,
                 std::string_view call_id);

} // namespace faas::cli
