// Choice among arms by a linear model of the reward, optimistic by what is not
// known of it.
#pragma once

#include "libfaas/forecast/linear_arm.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace faas::forecast {

/// LinUCB with one model per arm (see linear_arm.hpp): score = mean + alpha *
/// width. Features^2 per score. Not thread safe.
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
  double alpha_;
  std::vector<linear_arm<Eigen::Dynamic>> arms_;
};

} // namespace faas::forecast
