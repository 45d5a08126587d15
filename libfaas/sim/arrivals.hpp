// When events come.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/sim/schedule.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace faas::sim {

/// A process of arrivals. Not thread safe; the times rise.
class arrivals {
public:
  virtual ~arrivals() = default;
  /// The next one after the one before, in ms; infinity: none comes any more.
  virtual double next(random_source& random) = 0;
  /// Events per second that are expected at that time; none: the law alone does
  /// not tell (phases that are drawn, a recording).
  virtual std::optional<double> per_second(double) const { return {}; }
};

/// `rate` events per second, times what the schedule says (a flash crowd, a day);
/// by thinning a process of the highest rate (Lewis and Shedler 1979).
std::unique_ptr<arrivals> poisson(double rate, schedule factor = {},
                                  double highest_factor = 1);

/// A Markov process of two states (MMPP-2, on-off when `quiet` is 0): events at
/// `busy` and `quiet` per second, in phases whose lengths are exponential with
/// these means in ms. It begins quiet.
struct on_off_rates {
  double busy = 0, quiet = 0;
  double busy_ms = 1000, quiet_ms = 1000;
};
std::unique_ptr<arrivals> on_off(const on_off_rates& rates);

/// A sine over the day: mean rate, its swing (0 to 1), and the length of a day
/// in ms. It begins at the mean, rising.
std::unique_ptr<arrivals> daily(double rate, double swing, double day_ms);

/// At these times, which rise.
std::unique_ptr<arrivals> trace(std::vector<double> times);

} // namespace faas::sim
