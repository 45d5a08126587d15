// One event run by a process of its own.
#pragma once

#include "functions/child/child.hpp"
#include "libfaas/ports/runtime.hpp"

namespace faas::process {

/// What all events of a version have in common.
struct fork_config {
  std::string name;           ///< of the program, for messages
  child::spawn_request start; ///< without the event's variables
  std::string content_type;   ///< of every answer; empty: the request's
  uint64_t max_body = 0;
};

/// Starts the program with the body on its standard input and the event in its
/// environment. Its output is the answer, its error output goes to the log.
/// Exit status 0 is success. At the deadline, when nobody waits any more, and
/// when the answer is too large, the process and all its children are killed.
/// Blocks. Errors: function_failed (exit status, with its last lines),
/// outcome_unknown (killed by a signal),
/// deadline_exceeded, cancelled, and those of child_process::spawn.
reply run_forked(const fork_config& config, const invocation& event,
                 invocation_context& context);

} // namespace faas::process
