// ${VAR} in a manifest.
#pragma once

#include "libfaas/manifest/manifest.hpp"

namespace faas {

/// Replaces ${VAR}, ${VAR:-default} and ${VAR-default} (also with = for -) by
/// the variable's value; a default may hold further variables. `$$` is `$`; any
/// other `$` stays. An unset variable without a default is empty and gets a
/// warning. The result is at most limits::manifest_bytes.
result<std::string> substitute(std::string_view text,
                               const environment_lookup& environment,
                               std::vector<std::string>* warnings);

} // namespace faas
