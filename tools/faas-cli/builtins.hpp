// Functions that come with Petrel: `artifact: builtin/NAME` in a manifest.
#pragma once

#include "libfaas/manifest/function_spec.hpp"
#include "tools/faas-cli/machine.hpp"

namespace faas::cli {

/// NAME when the artifact of a native function is builtin/NAME, where NAME is
/// of a-z, 0-9 and -: so builtin/x.so is a file of one's own.
std::optional<std::string> builtin_of(const function_spec& spec);

/// Folder of the builtin functions: PETREL_BUILTINS, else ../lib/petrel/builtins
/// from this program (a build folder and an installation look the same).
std::filesystem::path builtins_folder(const machine& system);

/// The library of a builtin function. errc::not_found, naming those there are.
result<std::filesystem::path> find_builtin(const machine& system,
                                           const std::string& name);

} // namespace faas::cli
