// What loading and warming up a function costs, and how often it is needed.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/routing/innovation.hpp"

#include <array>
#include <cstdint>

namespace faas::routing {

/// Events per second, exponentially averaged. Not thread safe.
class rate_estimator {
public:
  rate_estimator() noexcept : rate_estimator(30) {}
  explicit rate_estimator(double averaging_s) noexcept
    : averaging_s_(averaging_s) {}
  void arrive(time_point now) noexcept;
  double per_second(time_point now) const noexcept;
  bool empty() const noexcept { return weight_ == 0; }

private:
  double averaging_s_;
  double weight_ = 0; ///< arrivals, each fading with exp(-age / averaging)
  time_point at_{};
};

/// Log-normal estimate of load + warm-up of one function on one site: a level
/// that drifts, seen with a scatter that is learned, too. What varies much is
/// averaged over many, and one that is stuck moves it little (Huber). Slow
/// spells end, but who is thought slow gets no event that would tell so: while
/// events go elsewhere the level goes back to what is usual. Not thread safe.
class cold_start_estimator {
public:
  /// Prior: 100 ms, wide (a native function 1 ms, a large model seconds).
  explicit cold_start_estimator(double prior_ms = 100) noexcept;

  bool observe(double ms) noexcept;
  double mean_ms() const noexcept;
  /// Much slower than usual (the median of the last 15).
  bool slow() const noexcept;
  /// It is slow, and an event went to another site.
  void passed_over() noexcept;
  double log_mean() const noexcept { return mean_; }
  double log_var() const noexcept { return var_; }
  /// Variance of the log of one cold start: of the mean, and around it.
  double log_spread() const noexcept { return var_ + scatter_; }
  bool restore(double log_mean, double log_var) noexcept;
  /// Nothing was observed or restored yet.
  bool untouched() const noexcept { return !touched_; }

private:
  double usual() const noexcept;

  double mean_;
  double var_ = 1;      ///< of the mean
  double scatter_ = 0.1; ///< variance of one around it
  double last_ = 0;  ///< log of the last one
  std::array<float, 15> recent_{}; ///< logs, a ring; for what is usual
  uint32_t seen_ = 0;              ///< observed so far
  bool touched_ = false;
  change_detector change_;
};

/// How long a function stays loaded at a site when nothing comes, as its events
/// tell: one that waited for it to load says that it left sooner, one that did
/// not that it stayed longer. The last word counts. Not thread safe.
class stay_tracker {
public:
  explicit stay_tracker(double prior_ms = 300'000) noexcept;

  /// An event came `gap_ms` after the last one there had ended, and found it
  /// loaded, or not. Gaps that are none (an event was there) say nothing.
  void observe(double gap_ms, bool loaded) noexcept;
  double ms() const noexcept { return ms_; }

private:
  double ms_;
};

/// The share of a cold start that one event bears: C / (1 + rate * keep), since
/// that many more are expected to find the function loaded.
double cold_charge_ms(double cold_ms, double per_second,
                      double keep_ms) noexcept;

} // namespace faas::routing
