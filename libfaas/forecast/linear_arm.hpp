// One arm of a linear bandit: ridge regression that is updated with each
// observation, and how wide its belief is.
#pragma once

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>

namespace faas::forecast {

/// The model of an arm in Li, Chu, Langford, Schapire, "A contextual-bandit
/// approach to personalized news article recommendation", WWW 2010, algorithm
/// 1: A = I + sum of x x', theta = A^-1 sum of y x. `Size`: features, or
/// Eigen::Dynamic with their number given. A is solved anew with each
/// observation (features^3), so that no error grows. Arguments must be finite.
/// Not thread safe.
template <int Size>
class linear_arm {
public:
  using vector = Eigen::Matrix<double, Size, 1>;

  linear_arm()
    requires(Size != Eigen::Dynamic)
    : linear_arm(Size) {}
  explicit linear_arm(long features)
    : a_(matrix::Identity(features, features)), inverse_(a_),
      sum_(vector::Zero(features)), theta_(sum_) {}

  template <class Features>
  double mean(const Features& x) const {
    return theta_.dot(x);
  }
  /// sqrt(x' A^-1 x)
  template <class Features>
  double width(const Features& x) const {
    return std::sqrt(std::max(0.0, x.dot(inverse_ * x)));
  }
  /// `keep` below 1: what was seen so far weighs so much less, the identity
  /// apart.
  template <class Features>
  void observe(const Features& x, double y, double keep = 1) {
    const matrix one = matrix::Identity(a_.rows(), a_.cols());
    a_ = keep * a_ + x * x.transpose() + (1 - keep) * one;
    sum_ = keep * sum_ + x * y;
    inverse_ = a_.ldlt().solve(one);
    theta_ = inverse_ * sum_;
  }

private:
  using matrix = Eigen::Matrix<double, Size, Size>;
  matrix a_, inverse_;
  vector sum_, theta_;
};

} // namespace faas::forecast
