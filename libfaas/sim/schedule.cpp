#include "libfaas/sim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace faas::sim {

double schedule::holds(double when, double& until) const noexcept {
  const double base
    = period_ > 0 ? std::floor(when / period_) * period_ : 0;
  const auto next = std::upper_bound(
    steps_.begin(), steps_.end(), when - base,
    [](double time, const step& one) { return time < one.from; });
  if (next != steps_.end())
    until = base + next->from;
  else
    until = period_ > 0 ? base + period_
                        : std::numeric_limits<double>::infinity();
  return next == steps_.begin() ? 1 : std::prev(next)->factor;
}

double schedule::highest() const noexcept {
  double most = 1;
  for (const auto& one : steps_)
    most = std::max(most, one.factor);
  return most;
}

double schedule::done(double begin, double work) const noexcept {
  if (steps_.empty())
    return begin + work;
  while (true) {
    double until = 0;
    const auto factor = holds(begin, until);
    // Rounding must not keep a step from being passed: at its own time, less the
    // period's begin, it may seem to be ahead still.
    constexpr auto later = std::numeric_limits<double>::infinity();
    until = std::max(until, std::nextafter(begin, later));
    const auto possible = (until - begin) / factor;
    if (work <= possible)
      return begin + work * factor;
    work -= possible;
    begin = until;
  }
}

} // namespace faas::sim
