// How much longer than predicted an event may take, so that a given share does
// not take longer than promised.
#pragma once

#include <algorithm>
#include <cmath>

namespace faas::routing {

/// Adaptive conformal inference by quantile tracking (Gibbs and Candes,
/// "Adaptive conformal inference under distribution shift", NeurIPS 2021;
/// Angelopoulos, Candes and Tibshirani, "Conformal PID control for time series
/// prediction", NeurIPS 2023, section 2.2): after each event the bound rises when
/// the promise was broken and falls a little when it was kept, so that in the
/// long run the share kept is the target, whatever the errors are like: after T
/// events it is off by at most (largest score + step) / (step * T). Scores are
/// standard deviations of the prediction. Not thread safe.
class promise_tracker {
public:
  static constexpr double target = 0.95;

  /// An event took `total_ms`, predicted with that mean and deviation.
  void add(double predicted_ms, double sd_ms, double total_ms) noexcept {
    if (!(predicted_ms > 0) || !(sd_ms > 0) || !(total_ms >= 0)
        || !std::isfinite(total_ms + predicted_ms + sd_ms))
      return;
    const double score = (total_ms - predicted_ms) / sd_ms;
    const double size = std::min(std::abs(score), largest);
    ++count_;
    spread_ += std::max(0.02, 1 / count_) * (size - spread_);
    const double step
      = std::max(least_step, 1 / std::sqrt(count_)) * std::max(spread_, 0.1);
    const bool broken = score > sigmas_;
    sigmas_ += step * (broken ? target : target - 1);
    sigmas_ = std::clamp(sigmas_, -2.0, 2 * largest);
    kept_ += std::max(0.005, 1 / count_) * ((broken ? 0 : 1) - kept_);
  }

  /// The promise is the predicted mean and so many standard deviations.
  double sigmas() const noexcept { return sigmas_; }
  /// Share kept, of some 200 events.
  double kept() const noexcept { return kept_; }

private:
  static constexpr double largest = 10, least_step = 0.1;

  double sigmas_ = 2;
  double spread_ = 1;
  double count_ = 0;
  double kept_ = target;
};

} // namespace faas::routing
