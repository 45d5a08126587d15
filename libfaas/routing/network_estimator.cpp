#include "libfaas/routing/network_estimator.hpp"

#include <algorithm>
#include <cmath>

namespace faas::routing {
namespace {

constexpr double max_ms = 1e7;
constexpr double max_bytes = 1e10;
constexpr double grain_ms = 1; ///< clocks may make y this much negative

} // namespace

network_estimator::network_estimator(const network_prior& prior,
                                     const network_config& config) noexcept
  : prior_(prior), config_(config), rtt_(prior.rtt_ms),
    byte_(prior.ms_per_byte), p_rr_(prior.rtt_sd * prior.rtt_sd),
    p_bb_(prior.byte_sd * prior.byte_sd), change_(config.change) {}

double network_estimator::var(double bytes) const noexcept {
  return p_rr_ + 2 * bytes * p_rb_ + bytes * bytes * p_bb_;
}

double network_estimator::noise(double bytes) const noexcept {
  return scatter_ * nominal_noise(bytes);
}

double network_estimator::nominal_noise(double bytes) const noexcept {
  const double share = config_.rho * mean(bytes);
  return prior_.noise_ms * prior_.noise_ms + share * share;
}

void network_estimator::advance(time_point now) noexcept {
  if (!started_) {
    started_ = true;
    at_ = now;
  }
  if (now <= at_)
    return;
  const double seconds = to_ms(now - at_) / 1000;
  at_ = now;
  // Bounded: a link never seen is no more uncertain than its prior and a step.
  const double most_rtt
    = prior_.rtt_sd * prior_.rtt_sd + prior_.jump_ms * prior_.jump_ms;
  const double scale = std::max(byte_, prior_.ms_per_byte);
  const double most_byte
    = std::max(prior_.byte_sd * prior_.byte_sd, scale * scale);
  p_rr_ = std::max(p_rr_, std::min(p_rr_ + config_.rtt_q * seconds, most_rtt));
  p_bb_ = std::max(
    p_bb_,
    std::min(p_bb_ + config_.byte_q_rel * scale * scale * seconds, most_byte));
}

bool network_estimator::observe(double bytes, double ms, time_point now,
                                double doubt_ms) noexcept {
  if (!std::isfinite(bytes) || !std::isfinite(ms) || bytes < 0
      || bytes > max_bytes || ms < -grain_ms || ms > max_ms)
    return false;
  update(bytes, std::max(0.0, ms), now, doubt_ms);
  return true;
}

bool network_estimator::observe_rtt(double ms, time_point now) noexcept {
  return ms > 0 && observe(0, ms, now);
}

void network_estimator::jump() noexcept {
  const double scale = std::max(byte_, prior_.ms_per_byte);
  p_rr_ += prior_.jump_ms * prior_.jump_ms;
  p_bb_ += config_.jump_byte_rel * config_.jump_byte_rel * scale * scale;
}

void network_estimator::update(double bytes, double ms, time_point now,
                               double doubt_ms) noexcept {
  advance(now);
  const double nu = ms - mean(bytes);
  const double known = var(bytes);
  const double doubt = doubt_ms * doubt_ms;
  const double spread = known + noise(bytes) + doubt;
  nis_.add(nu, spread);
  if (change_.add(nu / std::sqrt(spread)))
    jump();
  else if (known < 2 * noise(bytes) && doubt < noise(bytes)) {
    const double seen = std::min(nu * nu, 9 * spread) - known;
    scatter_ += 0.03 * (seen / nominal_noise(bytes) - scatter_);
    scatter_ = std::clamp(scatter_, 0.1, 30.0);
  }
  const double gain_r = p_rr_ + bytes * p_rb_;
  const double gain_b = p_rb_ + bytes * p_bb_;
  const double s
    = huber_variance(nu, var(bytes) + nominal_noise(bytes) + doubt,
                     config_.huber);
  rtt_ += gain_r / s * nu;
  byte_ += gain_b / s * nu;
  p_rr_ = std::max(p_rr_ - gain_r * gain_r / s, 1e-9);
  p_bb_ = std::max(p_bb_ - gain_b * gain_b / s, 1e-18);
  p_rb_ -= gain_r * gain_b / s;
  const double bound = 0.999 * std::sqrt(p_rr_ * p_bb_);
  p_rb_ = std::clamp(p_rb_, -bound, bound);
  // What clamping takes from one state the other must not keep.
  if (byte_ < 0) {
    rtt_ += p_rb_ / p_bb_ * -byte_;
    byte_ = 0;
  }
  rtt_ = std::max(rtt_, 0.0);
}

bool network_estimator::restore(double rtt_ms, double ms_per_byte) noexcept {
  if (!std::isfinite(rtt_ms) || !std::isfinite(ms_per_byte) || rtt_ms < 0
      || ms_per_byte < 0 || rtt_ms > max_ms || ms_per_byte > 1)
    return false;
  rtt_ = rtt_ms;
  byte_ = ms_per_byte;
  return true;
}

void network_estimator::begin_anew(double rtt_ms) noexcept {
  if (!restore(rtt_ms, std::min(byte_, prior_.ms_per_byte)))
    return;
  p_rr_ = prior_.rtt_sd * prior_.rtt_sd;
  p_bb_ = prior_.byte_sd * prior_.byte_sd;
  p_rb_ = 0;
  scatter_ = 1;
}

} // namespace faas::routing
