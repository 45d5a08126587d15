#include "libfaas/routing/network_estimator.hpp"

#include <algorithm>
#include <cmath>

namespace faas::routing {
namespace {

constexpr double max_ms = 1e7;
constexpr double max_bytes = 1e10;
constexpr double grain_ms = 1; ///< clocks may make y this much negative

constexpr int rtt = 0, up = 1, down = 2;

bool sound(double bytes) noexcept {
  return bytes >= 0 && bytes <= max_bytes; // not NaN
}

std::array<double, 3> row_of(way_bytes bytes) noexcept {
  return {1, bytes.up, bytes.down};
}

double dot(const std::array<double, 3>& a,
           const std::array<double, 3>& b) noexcept {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

} // namespace

network_estimator::network_estimator(const network_prior& prior,
                                     const network_config& config) noexcept
  : prior_(prior), config_(config),
    x_{prior.rtt_ms, prior.ms_per_byte, prior.ms_per_byte},
    change_(config.change) {
  as_prior();
}

void network_estimator::as_prior() noexcept {
  const double byte_var = prior_.byte_sd * prior_.byte_sd;
  p_ = {};
  widen(prior_.rtt_sd * prior_.rtt_sd, byte_var, byte_var);
}

/// Adds these variances, those of the directions as alike as they are taken for.
void network_estimator::widen(double rtt_var, double up_var,
                              double down_var) noexcept {
  p_[rtt][rtt] += rtt_var;
  p_[up][up] += up_var;
  p_[down][down] += down_var;
  p_[up][down] += config_.alike * std::sqrt(up_var * down_var);
  p_[down][up] = p_[up][down];
}

/// Covariance of the states with an observation.
std::array<double, 3> network_estimator::gain(way_bytes bytes) const noexcept {
  const auto h = row_of(bytes);
  return {dot(p_[rtt], h), dot(p_[up], h), dot(p_[down], h)};
}

double network_estimator::var(way_bytes bytes) const noexcept {
  return std::max(dot(row_of(bytes), gain(bytes)), 0.0);
}

double network_estimator::noise(way_bytes bytes) const noexcept {
  return scatter_ * nominal_noise(bytes);
}

double network_estimator::nominal_noise(way_bytes bytes) const noexcept {
  const double share = config_.rho * mean(bytes);
  return prior_.noise_ms * prior_.noise_ms + share * share;
}

/// What a share of a time per byte is a share of.
double network_estimator::scale_of(int direction) const noexcept {
  return std::max(x_[direction], prior_.ms_per_byte);
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
  const auto more = [&](int i, double per_s, double most) {
    return std::max(0.0, std::min(per_s * seconds, most - p_[i][i]));
  };
  const auto more_bytes = [&](int i) {
    const double scale = scale_of(i);
    return more(i, config_.byte_q_rel * scale * scale,
                std::max(prior_.byte_sd * prior_.byte_sd, scale * scale));
  };
  widen(more(rtt, config_.rtt_q,
             prior_.rtt_sd * prior_.rtt_sd + prior_.jump_ms * prior_.jump_ms),
        more_bytes(up), more_bytes(down));
}

bool network_estimator::observe(way_bytes bytes, double ms, time_point now,
                                double doubt_ms) noexcept {
  if (!sound(bytes.up) || !sound(bytes.down) || !std::isfinite(ms)
      || ms < -grain_ms || ms > max_ms)
    return false;
  update(bytes, std::max(0.0, ms), now, doubt_ms);
  return true;
}

bool network_estimator::observe_rtt(double ms, time_point now) noexcept {
  return ms > 0 && observe({}, ms, now);
}

void network_estimator::jump() noexcept {
  const auto share = [&](int i) {
    const double sd = config_.jump_byte_rel * scale_of(i);
    return sd * sd;
  };
  widen(prior_.jump_ms * prior_.jump_ms, share(up), share(down));
}

void network_estimator::update(way_bytes bytes, double ms, time_point now,
                               double doubt_ms) noexcept {
  advance(now);
  const auto h = row_of(bytes);
  auto g = gain(bytes);
  const double nu = ms - mean(bytes);
  const double known = std::max(dot(h, g), 0.0);
  const double nominal = nominal_noise(bytes), scatter = scatter_ * nominal;
  const double doubt = doubt_ms * doubt_ms;
  const double spread = known + scatter + doubt;
  nis_.add(nu, spread);
  if (change_.add(nu / std::sqrt(spread))) {
    jump();
    g = gain(bytes);
  } else if (known < 2 * scatter && doubt < scatter) {
    const double seen = std::min(nu * nu, 9 * spread) - known;
    scatter_ += 0.03 * (seen / nominal - scatter_);
    scatter_ = std::clamp(scatter_, 0.1, 30.0);
  }
  const double per_s
    = 1
      / huber_variance(nu, std::max(dot(h, g), 0.0) + nominal + doubt,
                       config_.huber);
  for (int i = 0; i < 3; ++i) {
    x_[i] += g[i] * nu * per_s;
    for (int j = 0; j < 3; ++j)
      p_[i][j] -= g[i] * g[j] * per_s;
  }
  keep_sound();
}

/// What rounding and the bound at zero may not spoil.
void network_estimator::keep_sound() noexcept {
  p_[rtt][rtt] = std::max(p_[rtt][rtt], 1e-9);
  for (const int i : {up, down})
    p_[i][i] = std::max(p_[i][i], 1e-18);
  for (int i = 0; i < 3; ++i)
    for (int j = i + 1; j < 3; ++j) {
      constexpr double most = 0.999;
      const double both = p_[i][i] * p_[j][j];
      if (p_[i][j] * p_[i][j] > most * most * both)
        p_[i][j] = p_[j][i] = std::copysign(most * std::sqrt(both), p_[i][j]);
    }
  // What clamping takes from one state the others must not keep.
  for (const int i : {up, down})
    if (x_[i] < 0) {
      const double over = -x_[i] / p_[i][i];
      for (int j = 0; j < 3; ++j)
        x_[j] += p_[j][i] * over;
      x_[i] = 0;
    }
  for (auto& x : x_)
    x = std::max(x, 0.0);
}

bool network_estimator::restore(double rtt_ms, double up_rate,
                                double down_rate) noexcept {
  const auto rate = [](double x) { return x >= 0 && x <= 1; };
  if (!(rtt_ms >= 0 && rtt_ms <= max_ms) || !rate(up_rate) || !rate(down_rate))
    return false;
  x_ = {rtt_ms, up_rate, down_rate};
  return true;
}

void network_estimator::begin_anew(double rtt_ms) noexcept {
  if (!restore(rtt_ms, std::min(x_[up], prior_.ms_per_byte),
               std::min(x_[down], prior_.ms_per_byte)))
    return;
  as_prior();
  scatter_ = 1;
}

} // namespace faas::routing
