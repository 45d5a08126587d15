// The manifest of a command line.
#pragma once

#include "libfaas/manifest/manifest.hpp"
#include "tools/faas-cli/arguments.hpp"
#include "tools/faas-cli/machine.hpp"

namespace faas::cli {

struct manifest_file {
  std::filesystem::path file;
  std::filesystem::path folder; ///< paths in the manifest start here
  manifest content;
};

/// Reads the file of -f/--yaml, else stack.yaml, else stack.yml of the working
/// folder; nullopt when there is none. Warnings are printed to session.err when
/// `loud`. errc::not_found for a named file that is absent.
result<std::optional<manifest_file>>
find_manifest(session& s, const arguments& args, bool loud);

/// As find_manifest(), but having none is an error.
result<manifest_file> require_manifest(session& s, const arguments& args);

/// The functions with these names (all when empty), in the manifest's order.
/// errc::not_found names the unknown one and those there are.
result<std::vector<function_spec>>
select_functions(const manifest_file& file,
                 const std::vector<std::string>& names);

/// Reads a whole file of at most `limit` bytes.
result<std::string> read_file(const std::filesystem::path& file, size_t limit);

/// The function's environment with its environment_file entries merged in (a
/// later file wins, files win over the manifest).
result<string_map> full_environment(const manifest_file& file,
                                    const function_spec& spec);

} // namespace faas::cli
