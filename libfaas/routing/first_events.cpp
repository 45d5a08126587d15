#include "libfaas/routing/first_events.hpp"

#include <algorithm>
#include <cmath>

namespace faas::routing {
namespace {

constexpr double coarse = 0.5, fine = 1e-3;

double sized(const line& form, double n, double k) noexcept {
  return std::log(form.slope * n + form.intercept * std::exp(k));
}

} // namespace

void first_events::begin(double mean, double var) noexcept {
  h_mean_ = mean;
  h_var_ = std::max(var, 1e-9);
}

void first_events::add(double n, double log_time, double var) noexcept {
  events_[count_++] = {static_cast<float>(n), static_cast<float>(log_time),
                       static_cast<float>(std::max(var, 1e-6))};
}

void first_events::age(double var) noexcept {
  for (uint8_t i = 0; i < count_; ++i)
    events_[i].var += static_cast<float>(var);
}

double first_events::level_at(const line& form, double k) const noexcept {
  double sum = h_mean_ / h_var_, weight = 1 / h_var_;
  for (uint8_t i = 0; i < count_; ++i) {
    const auto& one = events_[i];
    sum += (one.log_time - sized(form, one.n, k)) / one.var;
    weight += 1 / one.var;
  }
  return sum / weight;
}

double first_events::squares_at(const line& form, const shape_prior& prior,
                                double k) const noexcept {
  const double h = level_at(form, k);
  double sum = (h - h_mean_) * (h - h_mean_) / h_var_
               + (k - prior.mean) * (k - prior.mean) / prior.var;
  for (uint8_t i = 0; i < count_; ++i) {
    const auto& one = events_[i];
    const double off = one.log_time - h - sized(form, one.n, k);
    sum += off * off / one.var;
  }
  return sum;
}

level_and_shape first_events::fit(const line& form,
                                  const shape_prior& prior) const noexcept {
  const auto squares = [&](double k) { return squares_at(form, prior, k); };
  double best = prior.mean, least = squares(best);
  const auto consider = [&](double k) {
    const double sum = std::abs(k) <= prior.most ? squares(k) : least;
    if (sum < least) {
      least = sum;
      best = k;
    }
  };
  for (double k = -prior.most; k <= prior.most; k += coarse)
    consider(k);
  for (double step = coarse / 2; step > fine; step /= 2) {
    const double here = best;
    consider(here - step);
    consider(here + step);
  }
  double hh = 1 / h_var_, hk = 0, kk = 1 / prior.var;
  for (uint8_t i = 0; i < count_; ++i) {
    const auto& one = events_[i];
    const double fixed = form.intercept * std::exp(best);
    const double w = fixed / (form.slope * one.n + fixed);
    hh += 1 / one.var;
    hk += w / one.var;
    kk += w * w / one.var;
  }
  const double det = hh * kk - hk * hk;
  return {level_at(form, best), best, kk / det, -hk / det, hh / det};
}

} // namespace faas::routing
