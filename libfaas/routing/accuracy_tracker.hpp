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
    const double weight = weight_of(++services_);
    move(values_.service_error, std::abs(ratio - 1), weight);
    const bool inside = std::abs(log_error) <= two_sided_90 * std::sqrt(log_var);
    move(values_.service_coverage, inside ? 1 : 0, weight);
  }

  /// Of the whole latency: its mean and half of its 90 % interval, both from the
  /// decision, and what it was. A negative reach is not known and not counted.
  void total(double predicted, double reach, double ms) noexcept {
    if (!(predicted > 0) || !(ms > 0) || !std::isfinite(predicted)
        || !std::isfinite(ms))
      return;
    const double off = std::abs(predicted - ms);
    move(values_.total_error, std::min(off / ms, 100.0), weight_of(++totals_));
    if (reach >= 0)
      move(values_.total_coverage, off <= reach ? 1 : 0, weight_of(++reaches_));
  }

  void event() noexcept { ++values_.events; }
  const accuracy& values() const noexcept { return values_; }

private:
  static constexpr double two_sided_90 = 1.645;

  static double weight_of(double count) noexcept {
    return std::max(0.01, 1.0 / count);
  }
  static void move(double& mean, double value, double weight) noexcept {
    mean += weight * (value - mean);
  }

  accuracy values_;
  double services_ = 0, totals_ = 0, reaches_ = 0;
};

} // namespace faas::routing
