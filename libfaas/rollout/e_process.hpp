// Sequential evidence that the mean of bounded observations is above a bound.
#pragma once

#include <algorithm>
#include <cmath>

namespace faas::rollout {

/// A betting martingale against "each x in [0, 1] has mean at most m, given the
/// past": its wealth starts at 1 and, if that is true, exceeds 1/alpha ever with
/// a probability of at most alpha, however often one looks (Ville's inequality;
/// Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
/// betting", 2024). The stake follows the past mean (approximate Kelly).
class e_process {
public:
  /// `bound` m in (0, 1) may differ from one observation to the next, as long
  /// as it is known before the observation.
  void add(double x, double bound) noexcept {
    const double gap = mean() - bound;
    const double spread = variance() + gap * gap;
    const double stake
      = std::clamp(gap / std::max(spread, 1e-6), 0.0, 0.5 / bound);
    log_wealth_ += std::log1p(stake * (x - bound));
    best_ = std::max(best_, log_wealth_);
    count_ += 1;
    sum_ += x;
    squares_ += x * x;
  }

  /// Natural logarithm of the largest wealth so far.
  double log_evidence() const noexcept { return best_; }
  bool exceeds(double alpha) const noexcept { return best_ >= -std::log(alpha); }
  double count() const noexcept { return count_; }

private:
  // With a weak prior of one half, so that the first stakes are small.
  double mean() const noexcept { return (0.5 + sum_) / (1 + count_); }
  double variance() const noexcept {
    const double m = mean();
    return std::max((0.25 + squares_) / (1 + count_) - m * m, 0.01);
  }

  double log_wealth_ = 0, best_ = 0;
  double count_ = 0, sum_ = 0, squares_ = 0;
};

} // namespace faas::rollout
