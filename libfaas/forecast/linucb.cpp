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
  arms_.assign(arms, {Eigen::MatrixXd::Identity(width, width),
                      Eigen::VectorXd::Zero(width)});
}

double linucb::mean(size_t arm, std::span<const double> features) const {
  const auto& of = arms_[arm];
  return (of.inverse * of.sum).dot(vector(features));
}

double linucb::score(size_t arm, std::span<const double> features) const {
  const auto x = vector(features);
  const double spread = x.dot(arms_[arm].inverse * x);
  return mean(arm, features) + alpha_ * std::sqrt(std::max(spread, 0.0));
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
  auto& of = arms_[arm];
  const auto x = vector(features);
  const Eigen::VectorXd moved = of.inverse * x;
  of.inverse -= moved * moved.transpose() / (1 + x.dot(moved));
  of.sum += reward * x;
  return true;
}

} // namespace faas::forecast
