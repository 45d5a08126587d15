// The worker's side: serves the questions of a node until it is told to end.
#pragma once

#include <string>

namespace faas::isolated {

/// Descriptors that a worker process is started with.
struct worker_fds {
  int memory = -1;  ///< the segment
  int control = -1; ///< records of the log go there; ends when the node ends
};

/// Serves until `destroy`, then returns the exit status. Takes over this
/// process: ignores SIGINT and SIGTERM, which are the node's business, ends it
/// at once when the node is gone, and writes to standard error what makes it
/// impossible to serve.
int serve(worker_fds fds);

/// What a worker process that cannot serve ends with.
inline constexpr int cannot_serve = 121;

} // namespace faas::isolated
