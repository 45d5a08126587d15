#include "functions/process/io_wait.hpp"

#include <algorithm>
#include <poll.h>

namespace faas::process {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto ask_every = 50ms;

} // namespace

io_waiter waiter(std::function<bool()> stop) {
  return [stop = std::move(stop)](int fd, short events, time_point until) {
    while (true) {
      const auto now = clock::now();
      if (stop())
        return wait_end::stopped;
      pollfd one{fd, events, 0};
      const auto next = std::min(until, now + ask_every);
      if (::poll(&one, 1, poll_timeout(now, next)) > 0)
        return wait_end::ready;
      if (clock::now() >= until)
        return wait_end::timeout;
    }
  };
}

int poll_timeout(time_point now, time_point until) noexcept {
  if (until <= now)
    return 0;
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(
    std::min<duration>(until - now, 24 * 24h));
  return static_cast<int>(whole.count());
}

} // namespace faas::process
