#include "libfaas/routing/cold_start_estimator.hpp"

#include "libfaas/routing/fading.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace faas::routing {
namespace {

// Log domain.
constexpr double drift = 0.0005; ///< variance per cold start
constexpr double least_scatter = 0.01, most_scatter = 1;
constexpr double scatter_gain = 0.05;
constexpr double jump = 1; ///< variance after a step
constexpr double huber = 2.5;
constexpr double most_skew = 0.25; ///< half of the variance, see mean_ms()
constexpr uint32_t least_seen = 5; ///< before anything is usual
constexpr double much = 0.3;       ///< a third slower than usual
constexpr double back_gain = 0.03; ///< of the way back, per event elsewhere
constexpr double least_stay_ms = 1;
// It did not leave just when it was seen.
constexpr double longer = 1.25, sooner = 0.5;

/// What two innovations in a row agree on.
double agreed(double one, double other) noexcept {
  if (one * other <= 0)
    return 0;
  return std::abs(one) < std::abs(other) ? one : other;
}

} // namespace

void rate_estimator::arrive(time_point now) noexcept {
  weight_ = per_second(now) * averaging_s_ + 1;
  at_ = std::max(at_, now);
}

double rate_estimator::per_second(time_point now) const noexcept {
  if (weight_ == 0)
    return 0;
  const double age = std::max(0.0, to_ms(now - at_) / 1000);
  return weight_ * left_after(age / averaging_s_) / averaging_s_;
}

cold_start_estimator::cold_start_estimator(double prior_ms) noexcept
  : mean_(std::log(std::clamp(prior_ms, 1e-3, 1e7))) {}

bool cold_start_estimator::observe(double ms) noexcept {
  if (!std::isfinite(ms) || ms <= 0 || ms > 1e7)
    return false;
  var_ = std::min(var_ + drift, jump);
  const double now = std::log(ms);
  const double nu = now - mean_;
  const double before = std::exchange(last_, now);
  recent_[seen_++ % recent_.size()] = static_cast<float>(now);
  touched_ = true;
  if (change_.add(nu / std::sqrt(var_ + scatter_))) {
    // A site that is thought slow gets no event that would tell otherwise: one
    // that was stuck must not make it so, after some that were merely late. The
    // next one decides.
    var_ = jump;
    mean_ += agreed(nu, before - mean_);
    return true;
  }
  const double s = var_ + scatter_;
  const double gain = var_ / huber_variance(nu, s, huber);
  scatter_ += scatter_gain
              * (std::clamp(std::min(nu * nu, 9 * s) - var_, least_scatter,
                            most_scatter)
                 - scatter_);
  mean_ += gain * nu;
  var_ *= 1 - gain;
  return true;
}

// Of a log-normal; of what varies wildly the median and somewhat more, since a
// few that are stuck should not keep events away for long.
double cold_start_estimator::mean_ms() const noexcept {
  return std::exp(mean_ + std::min(scatter_ / 2, most_skew));
}

double cold_start_estimator::usual() const noexcept {
  auto sorted = recent_;
  const auto count = std::min<size_t>(seen_, sorted.size());
  const auto middle = sorted.begin() + static_cast<ptrdiff_t>(count / 2);
  std::nth_element(sorted.begin(), middle,
                   sorted.begin() + static_cast<ptrdiff_t>(count));
  return *middle;
}

bool cold_start_estimator::slow() const noexcept {
  return seen_ >= least_seen && mean_ > usual() + much;
}

void cold_start_estimator::passed_over() noexcept {
  mean_ += back_gain * (usual() - mean_);
  var_ = std::min(var_ + back_gain * jump, jump);
}

bool cold_start_estimator::restore(double log_mean, double log_var) noexcept {
  if (!std::isfinite(log_mean) || !std::isfinite(log_var)
      || std::abs(log_mean) > 17 || log_var <= 0)
    return false;
  mean_ = log_mean;
  var_ = std::min(log_var, 1.0);
  last_ = mean_;
  touched_ = true;
  return true;
}

stay_tracker::stay_tracker(double prior_ms) noexcept
  : ms_(std::isfinite(prior_ms) ? std::max(prior_ms, least_stay_ms)
                                : least_stay_ms) {}

void stay_tracker::observe(double gap_ms, bool loaded) noexcept {
  if (!std::isfinite(gap_ms) || gap_ms <= 0)
    return;
  if (!loaded)
    ms_ = std::max(std::min(ms_, sooner * gap_ms), least_stay_ms);
  else if (gap_ms > ms_)
    ms_ = longer * gap_ms;
}

double cold_charge_ms(double cold_ms, double per_second,
                      double keep_ms) noexcept {
  return cold_ms / (1 + per_second * keep_ms / 1000);
}

} // namespace faas::routing
