#include "libfaas/forecast/series.hpp"

#include "libfaas/forecast/theil_sen.hpp"

#include <Eigen/QR>

#include <cmath>
#include <numeric>

namespace faas::forecast {
namespace {

bool append(std::deque<double>& values, double value, size_t most) {
  if (!std::isfinite(value))
    return false;
  values.push_back(value);
  while (values.size() > most)
    values.pop_front();
  return true;
}

double mean(const std::deque<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0)
         / static_cast<double>(values.size());
}

std::vector<double> last(const std::deque<double>& values, size_t count) {
  const auto from = values.size() - std::min(count, values.size());
  return {values.begin() + static_cast<long>(from), values.end()};
}

double middle_of_sorted(const std::vector<double>& sorted) {
  const auto half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half]
                                : (sorted[half] + sorted[half - 1]) / 2;
}

} // namespace

bool last_value::add(double value) noexcept {
  if (!std::isfinite(value))
    return false;
  last_ = value;
  return true;
}

bool ewma::add(double value) noexcept {
  if (!std::isfinite(value))
    return false;
  mean_ = mean_ ? *mean_ + weight_ * (value - *mean_) : value;
  return true;
}

bool window_forecast::add(double value) {
  return append(values_, value, window_);
}

std::optional<double> window_forecast::predict() const {
  if (values_.empty())
    return std::nullopt;
  if (what_ == centre::mean)
    return mean(values_);
  auto copy = last(values_, window_);
  return median(copy);
}

size_t best_median_window(std::span<const double> values, size_t widest,
                          size_t judged) {
  if (values.size() < 2 || widest == 0)
    return 1;
  std::vector<double> errors(widest, 0), sorted;
  const auto first
    = std::max<size_t>(1, values.size() - std::min(values.size(), judged));
  for (size_t t = first; t < values.size(); ++t) {
    sorted.clear();
    double forecast = 0;
    for (size_t w = 1; w <= widest; ++w) {
      if (w <= t) { // the window grows by one value, into the past
        const auto value = values[t - w];
        sorted.insert(std::upper_bound(sorted.begin(), sorted.end(), value),
                      value);
        forecast = middle_of_sorted(sorted);
      }
      errors[w - 1] += std::abs(values[t] - forecast);
    }
  }
  const auto best = std::min_element(errors.begin(), errors.end());
  return static_cast<size_t>(best - errors.begin()) + 1;
}

bool adaptive_median::add(double value) {
  if (!append(values_, value, config_.judged + config_.widest))
    return false;
  if (++since_choice_ == config_.every) {
    since_choice_ = 0;
    const auto all = last(values_, values_.size());
    window_ = best_median_window(all, config_.widest, config_.judged);
  }
  return true;
}

std::optional<double> adaptive_median::predict() const {
  if (values_.empty())
    return std::nullopt;
  auto copy = last(values_, window_);
  return median(copy);
}

double ar_fit::next(std::span<const double> values) const noexcept {
  double sum = intercept;
  for (size_t i = 0; i < coefficients.size(); ++i)
    sum += coefficients[i] * values[values.size() - 1 - i];
  return sum;
}

std::optional<ar_fit> fit_ar(std::span<const double> values, size_t order) {
  if (values.size() < 2 * order + 1)
    return std::nullopt;
  const auto rows = static_cast<long>(values.size() - order);
  const auto columns = static_cast<long>(order + 1);
  Eigen::MatrixXd past(rows, columns);
  Eigen::VectorXd now(rows);
  for (long row = 0; row < rows; ++row) {
    const auto t = static_cast<size_t>(row) + order;
    now(row) = values[t];
    past(row, 0) = 1;
    for (size_t i = 0; i < order; ++i)
      past(row, static_cast<long>(i) + 1) = values[t - 1 - i];
  }
  const Eigen::VectorXd solved
    = past.completeOrthogonalDecomposition().solve(now);
  ar_fit fit{solved(0), {}};
  fit.coefficients.assign(solved.data() + 1, solved.data() + columns);
  return fit;
}

bool autoregression::add(double value) {
  return append(values_, value, window_);
}

std::optional<double> autoregression::predict() const {
  if (values_.empty())
    return std::nullopt;
  const auto all = last(values_, window_);
  const auto fit = fit_ar(all, order_);
  return fit ? fit->next(all) : mean(values_);
}

} // namespace faas::forecast
