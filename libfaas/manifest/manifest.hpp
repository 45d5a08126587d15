// Reads stack.yml.
#pragma once

#include "libfaas/manifest/function_spec.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faas {

/// A parsed stack.yml.
struct manifest {
  std::string gateway; ///< provider.gateway; may be empty
  std::vector<function_spec> functions;
};

/// Looks up an environment variable for ${VAR:-default}; nullopt = unset.
using environment_lookup
  = std::function<std::optional<std::string>(std::string_view)>;

/// Parses a stack.yml (OpenFaaS schema version 1.0 plus Petrel's keys). Every
/// error names the line and the key and says what is allowed. Existing
/// OpenFaaS files parse unchanged; unknown keys inside `petrel:` are errors
/// (a misspelt key must not be ignored), unknown keys elsewhere are returned
/// as warnings. At most limits::manifest_bytes.
result<manifest> parse_manifest(std::string_view yaml,
                                const environment_lookup& environment,
                                std::vector<std::string>* warnings = nullptr);

/// Bytes of "40Mi", "1Gi", "500K", "12".
result<uint64_t> parse_bytes(std::string_view text);
/// "90", "1m30s", "250ms": whole seconds or a Go duration.
result<duration> parse_duration(std::string_view text);

} // namespace faas
