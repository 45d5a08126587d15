// Running quality of the predictions of one function on one site.
#pragma once

#include "libfaas/routing/predictor_types.hpp"

#include <algorithm>
#include <cmath>

namespace faas::routing {

/// Exponential averages over some 100 events; plain means before that.
class accuracy_tracker {
public:
  /// Of the service, before it was seen: predicted over seen, the log of seen
  /// over predicted, and the variance that was expected of that.
  void service(double ratio, double log_error, double log_var) noexcept {
    const double weight = std::max(0.01, 1.0 / ++services_);
    move(values_.service_error, std::abs(ratio - 1), weight);
    const bool inside = std::abs(log_error) <= two_sided_90 * std::sqrt(log_var);
    move(values_.service_coverage, inside ? 1 : 0, weight);
  }

  /// Mean and standard deviation of the whole latency, from the decision; the
  /// interval is that of the log-normal with these moments.
  void total(double predicted, double sd, double ms) noexcept {
    if (!(predicted > 0) || !(sd > 0) || !(ms > 0) || !std::isfinite(predicted)
        || !std::isfinite(sd))
      return;
    const double weight = std::max(0.01, 1.0 / ++totals_);
    move(values_.total_error, std::min(std::abs(predicted - ms) / ms, 100.0),
         weight);
    const double share = sd / predicted;
    const double log_var = std::log1p(share * share);
    const double error = std::log(ms / predicted) + log_var / 2;
    const bool inside = std::abs(error) <= two_sided_90 * std::sqrt(log_var);
    move(values_.total_coverage, inside ? 1 : 0, weight);
  }

  void event() noexcept { ++values_.events; }
  const accuracy& values() const noexcept { return values_; }

private:
  static constexpr double two_sided_90 = 1.645;

  static void move(double& mean, double value, double weight) noexcept {
    mean += weight * (value - mean);
  }

  accuracy values_;
  double services_ = 0, totals_ = 0;
};

} // namespace faas::routing
