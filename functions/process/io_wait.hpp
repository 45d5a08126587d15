// Waiting for a descriptor with a deadline.
#pragma once

#include "libfaas/core/back_before.hpp"

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

} // namespace faas::process
