// Waiting for a descriptor with a deadline.
#pragma once

#include "libfaas/core/clock.hpp"

#include <functional>

namespace faas::process {

enum class wait_end : uint8_t {
  ready,   ///< the descriptor has something, or an error to tell
  timeout,
  stopped  ///< nobody needs it any more
};

/// Waits for poll() events of `fd`. What else happens while waiting is the
/// waiter's business.
using io_waiter
  = std::function<wait_end(int fd, short events, time_point until)>;

/// A waiter that asks `stop` at least every 50 ms. Blocks.
io_waiter waiter(std::function<bool()> stop);

/// Milliseconds for poll(): rounded up, at most 24 days, 0 when passed.
int poll_timeout(time_point now, time_point until) noexcept;

/// When a call must have come back so that its thread is not taken for lost: a
/// little before its deadline (5 % of what remains, 2 to 50 ms).
time_point back_before(time_point deadline, time_point now) noexcept;

} // namespace faas::process
