// The first events of a function of which nothing was told, taken together.
#pragma once

#include "libfaas/routing/profile.hpp"

#include <array>
#include <cstdint>

namespace faas::routing {

/// Log of a level h and of a factor k on the line's intercept, with their
/// covariance.
struct level_and_shape {
  double h = 0, k = 0;
  double p_hh = 1, p_hk = 0, p_kk = 1;
};

/// What is believed of k before: mean, variance, and bounds to both sides.
struct shape_prior {
  double mean = 0, var = 1, most = 6;
};

/// Keeps the first few and fits h and k of
///   log time = h + ln(a n + b e^k) + noise
/// to all of them with the prior: one after the other they cannot tell both,
/// since the line bends. Not thread safe.
class first_events {
public:
  static constexpr uint8_t most = 6;

  bool open() const noexcept { return count_ < most; }
  bool empty() const noexcept { return count_ == 0; }
  /// What comes now is of another time: no more is taken.
  void close() noexcept { count_ = most; }
  /// What was believed of h before the first one: mean and variance.
  void begin(double mean, double var) noexcept;
  /// An event of size n; `var` is that of its log. While open().
  void add(double n, double log_time, double var) noexcept;
  /// The level may have moved since by a step of that variance: what was kept
  /// tells less.
  void age(double var) noexcept;
  uint8_t count() const noexcept { return count_; }
  /// Least squares with the prior. h is linear, so k is looked for on a grid,
  /// then finer (there may be two minima); some 10 us. The covariance is the
  /// inverse of the normal matrix there.
  level_and_shape fit(const line& form, const shape_prior& prior) const noexcept;

private:
  double level_at(const line& form, double k) const noexcept;
  double squares_at(const line& form, const shape_prior& prior,
                    double k) const noexcept;

  struct event {
    float n, log_time, var;
  };
  std::array<event, most> events_{};
  uint8_t count_ = 0;
  double h_mean_ = 0, h_var_ = 1;
};

} // namespace faas::routing
