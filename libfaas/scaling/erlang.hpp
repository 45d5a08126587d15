// The M/M/c queue: how many servers a load needs.
#pragma once

#include "libfaas/core/clock.hpp"

#include <cstdint>

namespace faas::scaling {

/// Probability that an arrival must wait (Erlang C). `offered`: arrival rate x
/// service time, in Erlang. 1 when the servers cannot keep up.
double erlang_c(uint32_t servers, double offered) noexcept;

/// Mean time in the queue; duration::max() when the servers cannot keep up.
duration mean_wait(uint32_t servers, double offered, duration service) noexcept;

/// Least servers that are busy at most `utilisation` (above 0) of the time.
uint32_t servers_for_utilisation(double offered, double utilisation,
                                 uint32_t most) noexcept;

/// Least servers whose mean wait is at most `target`.
uint32_t servers_for_wait(double offered, duration service, duration target,
                          uint32_t most) noexcept;

} // namespace faas::scaling
