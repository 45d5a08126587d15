#include "libfaas/scaling/erlang.hpp"

#include <algorithm>
#include <cmath>

namespace faas::scaling {
namespace {

/// What is no load at all: negative, or not a number.
double load(double offered) noexcept {
  return offered > 0 ? offered : 0;
}

} // namespace

double erlang_c(uint32_t servers, double offered) noexcept {
  const auto a = load(offered);
  if (a == 0)
    return servers == 0 ? 1 : 0;
  if (a >= servers)
    return 1;
  double blocked = 1; // Erlang B, by its recursion: no factorials
  for (uint32_t n = 1; n <= servers; ++n)
    blocked = a * blocked / (n + a * blocked);
  return blocked / (1 - a / servers * (1 - blocked));
}

duration mean_wait(uint32_t servers, double offered,
                   duration service) noexcept {
  const auto a = load(offered);
  if (a >= servers)
    return duration::max();
  const auto ns = erlang_c(servers, a) * static_cast<double>(service.count())
                  / (servers - a);
  return ns < 9e18 ? duration{static_cast<int64_t>(ns)} : duration::max();
}

uint32_t servers_for_utilisation(double offered, double utilisation,
                                 uint32_t most) noexcept {
  // The small amount: 0.7 / 0.7 is one server, whatever the rounding.
  const auto exact = std::ceil(load(offered) / utilisation - 1e-9);
  return exact >= most ? most : static_cast<uint32_t>(std::max(exact, 0.0));
}

uint32_t servers_for_wait(double offered, duration service, duration target,
                          uint32_t most) noexcept {
  const auto a = load(offered);
  if (a == 0)
    return 0;
  if (a >= most)
    return most;
  auto servers = static_cast<uint32_t>(a) + 1; // fewer cannot keep up
  while (servers < most && mean_wait(servers, a, service) > target)
    ++servers;
  return servers;
}

} // namespace faas::scaling
