// Starts petrel-init, the first process of every worker.
#pragma once

#include "functions/sandbox/descriptor.hpp"
#include "libfaas/core/result.hpp"

#include <sys/types.h>
#include <utility>

namespace faas::sandbox {

/// A started petrel-init, or what does the same (a zygote's fork): a child of this process that nobody has reaped.
struct started_init {
  pid_t pid = 0;
  descriptor control; ///< our end; empty for a probe
};

/// Starts it, waiting for its order. It has /dev/null as 0, 1 and 2, an empty
/// environment and a session of its own. errc::unavailable. Thread safe.
result<started_init> start_init();
/// The socket pair of one that is to be started: ours and its own.
result<std::pair<descriptor, descriptor>> control_pair();
/// Starts it to try the machine's mechanisms and to write them to `output`.
result<started_init> start_probe(const descriptor& output);

} // namespace faas::sandbox
