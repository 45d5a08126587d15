// What this machine is.
#pragma once

#include "libfaas/manifest/platform.hpp"

namespace faas::node {

/// Operating system and architecture as uname tells, and the highest
/// instruction set level that the processor has (of AArch64 only up to
/// armv8.1-a).
machine_platform this_machine();

} // namespace faas::node
