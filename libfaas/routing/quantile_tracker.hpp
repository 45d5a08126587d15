// How far from its prediction an event may be, so that a given share is not
// farther.
#pragma once

#include <algorithm>
#include <cmath>

namespace faas::routing {

/// Adaptive conformal inference by quantile tracking (Gibbs and Candes,
/// "Adaptive conformal inference under distribution shift", NeurIPS 2021;
/// Angelopoulos, Candes and Tibshirani, "Conformal PID control for time series
/// prediction", NeurIPS 2023, section 2.2): after each event the bound rises when
/// the score was above it and falls a little when not, so that in the long run the
/// share below is `target`, whatever the scores are like: after T events it is off
/// by at most (largest score + step) / (step * T). Scores are in standard
/// deviations of the prediction. Not thread safe.
class quantile_tracker {
public:
  explicit quantile_tracker(double target, double first) noexcept
    : target_(target), sigmas_(first), kept_(target) {}

  void add(double score) noexcept {
    if (!std::isfinite(score))
      return;
    ++count_;
    // By what was known before, else broken promises would take larger steps.
    const double step
      = std::max(least_step, 1 / std::sqrt(count_)) * std::max(spread_, 0.1);
    const bool broken = score > sigmas_;
    sigmas_ += step * (broken ? target_ : target_ - 1);
    sigmas_ = std::clamp(sigmas_, -2.0, largest);
    spread_ += std::max(0.01, 1 / count_)
               * (std::min(std::abs(score), largest) - spread_);
    kept_ += std::max(0.005, 1 / count_) * ((broken ? 0 : 1) - kept_);
  }

  /// The bound.
  double sigmas() const noexcept { return sigmas_; }
  /// Share below it, of some 200 events.
  double kept() const noexcept { return kept_; }

private:
  static constexpr double largest = 50, least_step = 0.1;

  double target_, sigmas_;
  double spread_ = 1;
  double count_ = 0;
  double kept_;
};

} // namespace faas::routing
