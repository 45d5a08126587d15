// The `petrel:` mapping of a function.
#pragma once

#include "libfaas/manifest/reader.hpp"

namespace faas {

/// Reads the mapping into `out`; complaints go to the section's findings.
void read_petrel(section& keys, petrel_spec& out);

} // namespace faas
