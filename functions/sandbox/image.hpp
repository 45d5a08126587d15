// Starts petrel-init, the first process of every worker.
#pragma once

#include "functions/sandbox/descriptor.hpp"
#include "libfaas/core/result.hpp"

#include <sys/types.h>
#include <vector>

namespace faas::sandbox {

/// A started petrel-init: a child of this process that nobody has reaped.
struct started_init {
  pid_t pid = 0;
  descriptor control; ///< our end; empty for a probe
};

/// Starts it, waiting for its order. It has /dev/null as 0, 1 and 2, an empty
/// environment and a session of its own. errc::unavailable. Thread safe.
result<started_init> start_init();
/// Starts it to try the machine's mechanisms and to write them to `output`.
result<started_init> start_probe(const descriptor& output);

} // namespace faas::sandbox
