// Choice among arms by a linear model of the reward, optimistic by what is not
// known of it.
#pragma once

#include <Eigen/Core>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace faas::forecast {

/// LinUCB with one model per arm (Li, Chu, Langford, Schapire 2010, algorithm
/// 1): score = theta' x + alpha * sqrt(x' A^-1 x), A = I + sum of x x'. Keeps
/// A^-1 by Sherman and Morrison's formula: features^2 per score and per
/// observation. Not thread safe.
class linucb {
public:
  linucb(size_t arms, size_t features, double alpha);

  /// Optimistic reward of an arm; features as many as given above.
  double score(size_t arm, std::span<const double> features) const;
  /// Its mean alone.
  double mean(size_t arm, std::span<const double> features) const;
  /// The arm of the highest score, the first of equal ones; `of[arm]` are the
  /// features of that arm, and an arm without is left out. Empty when none has.
  std::optional<size_t> choose(std::span<const std::vector<double>> of) const;
  /// False, and nothing learned, when a number is not finite.
  bool observe(size_t arm, std::span<const double> features, double reward);

private:
  struct model {
    Eigen::MatrixXd inverse;
    Eigen::VectorXd sum; ///< of reward * x
  };
  double alpha_;
  std::vector<model> arms_;
};

} // namespace faas::forecast
