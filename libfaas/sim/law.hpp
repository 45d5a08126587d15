// Random amounts.
#pragma once

#include "libfaas/core/random.hpp"

#include <vector>

namespace faas::sim {

/// A distribution of amounts that are not negative. A small value; thread safe.
class law {
public:
  /// Always the same.
  static law constant(double value) noexcept;
  static law exponential(double mean) noexcept;
  /// By its mean and the standard deviation of its logarithm.
  static law log_normal(double mean, double sigma) noexcept;
  static law uniform(double least, double most) noexcept;
  /// One of these, each as likely; not empty.
  static law measured(std::vector<double> values);

  double draw(random_source& random) const noexcept;
  double mean() const noexcept { return mean_; }

private:
  enum class kind : uint8_t { constant, exponential, log_normal, uniform,
                              measured };
  law(kind what, double mean, double a, double b) noexcept
    : kind_(what), mean_(mean), a_(a), b_(b) {}

  kind kind_;
  double mean_;
  double a_, b_; ///< log-normal: mu, sigma; uniform: least, width
  std::vector<double> values_;
};

} // namespace faas::sim
