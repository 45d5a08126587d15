#include "libfaas/sim/law.hpp"

#include <cmath>
#include <numeric>

namespace faas::sim {

law law::constant(double value) noexcept {
  return {kind::constant, value, 0, 0};
}

law law::exponential(double mean) noexcept {
  return {kind::exponential, mean, 0, 0};
}

law law::log_normal(double mean, double sigma) noexcept {
  // E = exp(mu + sigma^2 / 2)
  return {kind::log_normal, mean, std::log(mean) - sigma * sigma / 2, sigma};
}

law law::uniform(double least, double most) noexcept {
  return {kind::uniform, (least + most) / 2, least, most - least};
}

law law::measured(std::vector<double> values) {
  const auto sum = std::accumulate(values.begin(), values.end(), 0.0);
  law made{kind::measured, sum / static_cast<double>(values.size()), 0, 0};
  made.values_ = std::move(values);
  return made;
}

double law::draw(random_source& random) const noexcept {
  switch (kind_) {
  case kind::constant:
    return mean_;
  case kind::exponential:
    return -mean_ * std::log(1 - random.uniform());
  case kind::log_normal:
    return std::exp(a_ + b_ * random.normal());
  case kind::uniform:
    return a_ + b_ * random.uniform();
  case kind::measured:
    return values_[random.below(values_.size())];
  }
  return mean_;
}

} // namespace faas::sim
