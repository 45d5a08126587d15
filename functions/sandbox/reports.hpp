// What petrel-init reports to its node.
#pragma once

#include "functions/sandbox/descriptor.hpp"
#include "functions/sandbox/init/wire.hpp"
#include "libfaas/core/clock.hpp"

#include <optional>
#include <sys/types.h>

namespace faas::sandbox {

struct received_report {
  wire::report body;
  pid_t sender = 0; ///< as this process sees it
};

/// The next report; nothing when none has come until `deadline` (now: do not
/// wait) or the other side is gone.
std::optional<received_report> next_report(const descriptor& control,
                                           time_point deadline);

/// poll() for reading until the deadline; true when ready.
bool wait_readable(int fd, time_point deadline);

} // namespace faas::sandbox
