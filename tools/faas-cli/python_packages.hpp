// What a Python function needs besides its own files, at pack time.
#pragma once

#include "registry/bundles/pack.hpp"
#include "tools/faas-cli/manifest_file.hpp"

namespace faas::cli {

/// Where the bundle has them; the node puts it into PYTHONPATH.
inline constexpr std::string_view python_folder = "python_packages";

/// Installs what requirements.txt of the function's folder names, with pip,
/// into .petrel/python/NAME beside the manifest, and gives the files for the
/// bundle, with requirements.lock: each package with its version and SHA-256. A
/// requirements.lock beside requirements.txt is taken instead of it, and each
/// hash is checked. What was installed before is used again while neither
/// changes. A function run by `python3 -m petrel` gets the petrel package of
/// this faas-cli as well, unless it brings one.
///
/// Python is python3, or PETREL_PYTHON: its version must be that of the nodes.
/// errc::not_found (no Python, no package), errc::function_failed (pip),
/// errc::invalid_argument.
result<std::vector<registry::pack_item>>
python_packages(session& s, const manifest_file& file,
                const function_spec& spec,
                const std::filesystem::path& folder);

/// Lines "name==version --hash=sha256:..." from pip's report (--report).
/// errc::internal when it is none.
result<std::string> lock_of(std::string_view report);

} // namespace faas::cli
