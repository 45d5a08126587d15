#include "libfaas/forecast/linucb.hpp"

#include <algorithm>
#include <cmath>

namespace faas::forecast {
namespace {

Eigen::Map<const Eigen::VectorXd> vector(std::span<const double> of) {
  return {of.data(), static_cast<long>(of.size())};
}

} // namespace

linucb::linucb(size_t arms, size_t features, double alpha) : alpha_(alpha) {
  const auto width = static_cast<long>(features);
  arms_.assign(arms, linear_arm<Eigen::Dynamic>{width});
}

double linucb::mean(size_t arm, std::span<const double> features) const {
  return arms_[arm].mean(vector(features));
}

double linucb::score(size_t arm, std::span<const double> features) const {
  return mean(arm, features) + alpha_ * arms_[arm].width(vector(features));
}

std::optional<size_t>
linucb::choose(std::span<const std::vector<double>> of) const {
  std::optional<size_t> best;
  double best_score = 0;
  for (size_t arm = 0; arm < of.size() && arm < arms_.size(); ++arm) {
    if (of[arm].empty())
      continue;
    const double here = score(arm, of[arm]);
    if (!best || here > best_score) {
      best = arm;
      best_score = here;
    }
  }
  return best;
}

bool linucb::observe(size_t arm, std::span<const double> features,
                     double reward) {
  const auto finite = [](double x) { return std::isfinite(x); };
  if (!finite(reward) || !std::all_of(features.begin(), features.end(), finite))
    return false;
  arms_[arm].observe(vector(features), reward);
  return true;
}

} // namespace faas::forecast
