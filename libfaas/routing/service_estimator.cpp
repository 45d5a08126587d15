#include "libfaas/routing/service_estimator.hpp"

#include "libfaas/routing/estimate_cell.hpp"

#include <algorithm>
#include <cmath>

namespace faas::routing {
namespace {

constexpr double max_ms = 1e7;
constexpr double max_size = 1e9;
constexpr double least_scatter = 0.005;
constexpr double scatter_weight = 0.03;
constexpr double doubtful = 3.5;  ///< standard deviations
constexpr double max_own_var = 2; ///< of a function long asleep
constexpr double max_shape = 6;   ///< the intercept changes by e^6 at most
constexpr double bending = 0.05; ///< variance of k from which the line bends

bool usable(double n, double ms) noexcept {
  return std::isfinite(n) && std::isfinite(ms) && n >= 0 && n <= max_size
         && ms > 0 && ms <= max_ms;
}

} // namespace

void site_filter::advance(time_point now,
                          const service_config& config) noexcept {
  if (started && now > at)
    var = std::min(var + config.q_second * to_ms(now - at) / 1000,
                   std::max(var, config.max_var));
  if (!started || now > at)
    at = now;
  started = true;
}

void function_filter::bend_to(double k) noexcept {
  k_ = std::clamp(k, -max_shape, max_shape);
  fixed_ = profile_.intercept * std::exp(k_);
}

/// The model linearised at size n, in the present state.
struct function_filter::view {
  double log_ms;        ///< g + h + ln(a n + b e^k)
  double ms;            ///< exp of that
  double w;             ///< its derivative by k
  double p_g, p_h, p_k; ///< covariances of the states with the observation
  double var;           ///< epistemic variance of log_ms
  double grain;         ///< scatter from the grain of short times
};

function_filter::function_filter(const line& profile,
                                 const service_config& config, double own_mean,
                                 double shape_mean) noexcept
  : profile_(sane(profile)), h_(own_mean), k_(shape_mean),
    fixed_(profile_.intercept * std::exp(k_)),
    p_hh_(config.own_var), p_kk_(config.shape_var), prior_k_(shape_mean),
    prior_kk_(config.shape_var), scatter_(config.noise),
    grain_ms_(config.grain_ms), q_own_(config.q_second * config.own_share),
    q_shape_(config.q_shape), change_(config.change) {}

void function_filter::know_nothing(const service_config& config) noexcept {
  p_hh_ = config.unknown_var;
  p_kk_ = prior_kk_ = config.unknown_shape_var;
  guess_ = true;
}

bool function_filter::follow(const function_filter& other,
                             const service_config& config) noexcept {
  const double var = config.shape_var + other.p_kk_;
  if (other.profile_.slope != profile_.slope
      || other.profile_.intercept != profile_.intercept
      || other.p_kk_ > 0.25 * p_kk_)
    return false;
  // One term of k's prior is replaced by another. What is believed of the size
  // that was seen last stays: a line bends too much for covariances to tell.
  const double slope = profile_.slope * last_n_;
  double w = fixed_ / (slope + fixed_);
  const double u = h_ + std::log(slope + fixed_);
  const double p_uu = p_hh_ + 2 * w * p_hk_ + w * w * p_kk_;
  const double p_uk = p_hk_ + w * p_kk_;
  const double before = 1 / prior_kk_, after = 1 / var;
  const double fresh
    = 1 / std::max(1 / p_kk_ + after - before, std::max(after, 1 / p_kk_) / 2);
  const double pull = after * (other.k_ - k_) - before * (prior_k_ - k_);
  bend_to(k_ + fresh * pull);
  w = fixed_ / (slope + fixed_);
  h_ = u - std::log(slope + fixed_);
  const double shrunk = fresh / p_kk_;
  p_kk_ = fresh;
  p_hk_ = shrunk * p_uk - w * p_kk_;
  p_hh_ = std::max(p_uu - 2 * w * p_hk_ - w * w * p_kk_, 1e-9);
  prior_k_ = other.k_;
  prior_kk_ = var;
  return true;
}

function_filter function_filter::probe(double slowdown, time_point now,
                                       site_filter& site,
                                       const service_config& config) noexcept {
  function_filter made{default_profile, config};
  made.q_own_ = config.q_probe;
  made.q_shape_ = 0;
  made.scatter_ = config.probe_noise;
  made.grain_ms_ = 0;
  made.join(site);
  made.reset(default_profile, site, config, now);
  made.profile_ = {0, 1};
  made.bend_to(0);
  made.p_kk_ = 0;
  made.h_ += std::log(slowdown);
  return made;
}

void function_filter::sync(const site_filter& site) noexcept {
  const double wanted = p_hh_ + site.passed - passed_;
  p_hh_ = std::min(wanted, std::max(max_own_var, p_hh_));
  passed_ = site.passed;
}

void function_filter::advance(time_point now, site_filter& site,
                              const service_config& config) noexcept {
  site.advance(now, config);
  sync(site);
  if (started_ && now > at_) {
    const double seconds = to_ms(now - at_) / 1000;
    p_hh_ = std::min(p_hh_ + q_own_ * seconds, std::max(config.max_var, p_hh_));
    p_kk_
      = std::max(p_kk_, std::min(p_kk_ + q_shape_ * seconds, config.shape_var));
  }
  if (!started_ || now > at_)
    at_ = now;
  started_ = true;
}

function_filter::view
function_filter::look(double n, const site_filter& site) const noexcept {
  view seen;
  const double base = profile_.slope * n + fixed_;
  seen.log_ms = site.g + h_ + std::log(base);
  seen.ms = base * std::exp(site.g + h_);
  const double w = seen.w = fixed_ / base;
  seen.p_g = site.var;
  seen.p_h = p_hh_ + w * p_hk_;
  seen.p_k = p_hk_ + w * p_kk_;
  seen.var = std::max(seen.p_g + seen.p_h + w * seen.p_k, 1e-9);
  const double share = grain_ms_ / seen.ms;
  seen.grain = std::min(share * share, 4.0);
  return seen;
}

function_filter::belief function_filter::at(double n,
                                            const site_filter& site) noexcept {
  sync(site);
  const auto seen = look(n, site);
  return {seen.log_ms, seen.var, scatter_ + seen.grain, seen.ms};
}

void function_filter::jump(site_filter& site,
                           const service_config& config) noexcept {
  first_.close(); // they are of another time
  site.before = site.g;
  site.var += config.jump;
  p_hh_ += config.own_jump;
  if (p_kk_ > 0)
    p_kk_ += config.shape_jump;
  ++changes_;
}

/// How much wider than linearised the belief is on the side of `nu`, as a
/// variance. What was seen of the last size holds, so only how much of it is
/// fixed is open: ln(a n + b e^k) less the same of that size, at k and two
/// standard deviations to both sides (sigma points: Julier and Uhlmann,
/// "Unscented filtering and nonlinear estimation", 2004). Else a small event
/// after a large one is taken for a step or an outlier.
double function_filter::bent_more(double n, double nu,
                                  const view& seen) const noexcept {
  if (!guess_ || p_kk_ <= bending)
    return 0;
  const auto time_at = [&](double k, double size) {
    return std::log(profile_.slope * size + profile_.intercept * std::exp(k));
  };
  const auto ratio_at = [&](double k) {
    return time_at(k, n) - time_at(k, last_n_);
  };
  const double deviation = std::sqrt(p_kk_), here = ratio_at(k_);
  double most = 0;
  for (const double side : {-2.0, 2.0}) {
    const double off = ratio_at(k_ + side * deviation) - here;
    if (off * nu > 0)
      most = std::max(most, std::abs(off) / 2);
  }
  const double w_then = fixed_ / (profile_.slope * last_n_ + fixed_);
  const double linear = (seen.w - w_then) * (seen.w - w_then) * p_kk_;
  return std::max(0.0, most * most - linear);
}

void function_filter::learn_together(double n, double ms, double r,
                                     const site_filter& site) noexcept {
  first_.add(n, std::log(ms) - site.g, r);
  if (first_.count() < 2)
    return;
  const auto fit = first_.fit(profile_, {prior_k_, prior_kk_, max_shape});
  h_ = fit.h;
  bend_to(fit.k);
  p_hh_ = fit.p_hh;
  p_hk_ = fit.p_hk;
  p_kk_ = fit.p_kk;
}

/// Linearises again where the update would lead, since ln(a n + b e^k) bends
/// (iterated extended Kalman filter: Jazwinski, "Stochastic processes and
/// filtering theory", 1970, section 8.3). `nu` becomes the innovation of that
/// line at the present state; `r`: variance of the observation. Returns s.
double function_filter::bend(double n, double& nu, double r, view& seen,
                             const site_filter& site) const noexcept {
  constexpr double small = 0.1;
  constexpr int most = 8;
  const double log_time = nu + seen.log_ms - site.g - h_;
  const double start = k_;
  double s = seen.var + r, k = start + seen.p_k / s * nu;
  for (int i = 0; i < most && std::abs(k - start) > small; ++i) {
    k = std::clamp(k, start - 3, start + 3); // no farther in one event
    const double fixed = profile_.intercept * std::exp(k);
    const double base = profile_.slope * n + fixed;
    const double w = seen.w = fixed / base;
    seen.p_h = p_hh_ + w * p_hk_;
    seen.p_k = p_hk_ + w * p_kk_;
    seen.var = std::max(seen.p_g + seen.p_h + w * seen.p_k, 1e-9);
    s = seen.var + r;
    nu = log_time - std::log(base) - w * (start - k);
    const double next = start + seen.p_k / s * nu;
    if (std::abs(next - k) < small / 10)
      break;
    k += 0.7 * (next - k);
  }
  return s;
}

void function_filter::update(double nu, double s, const view& seen,
                             site_filter& site) noexcept {
  site.g += seen.p_g / s * nu;
  h_ += seen.p_h / s * nu;
  bend_to(k_ + seen.p_k / s * nu);
  // Covariances after the update; then g is taken as it is, and its error
  // becomes that of the functions: h' = h + (g - mean of g).
  const double p_gg = std::max(site.var - seen.p_g * seen.p_g / s, 0.0);
  const double c_h = -seen.p_g * seen.p_h / s;
  const double c_k = -seen.p_g * seen.p_k / s;
  p_hh_ = std::max(p_hh_ - seen.p_h * seen.p_h / s + 2 * c_h + p_gg, 1e-9);
  p_hk_ += c_k - seen.p_h * seen.p_k / s;
  p_kk_ = std::max(p_kk_ - seen.p_k * seen.p_k / s, 0.0);
  const double bound = 0.999 * std::sqrt(p_hh_ * p_kk_);
  p_hk_ = std::clamp(p_hk_, -bound, bound);
  site.passed += p_gg;
  passed_ = site.passed; // has it already
  site.var = 0;
}

void function_filter::learn_scatter(double nu, double known,
                                    double spread) noexcept {
  if (known > 2 * scatter_)
    return; // the belief is too vague to tell scatter from error
  const double seen = std::min(nu * nu, 9 * spread) - (spread - scatter_);
  scatter_ += scatter_weight * (seen - scatter_);
  scatter_ = std::max(scatter_, least_scatter);
}

bool function_filter::observe(double n, double ms, time_point now,
                              site_filter& site, const service_config& config,
                              lesson* told) noexcept {
  if (!usable(n, ms))
    return false;
  advance(now, site, config);
  if (!first_.empty() && first_.open())
    first_.age(std::max(0.0, p_hh_ - fitted_hh_));
  site.var += config.q_event;
  auto seen = look(n, site);
  double nu = std::log(ms) - seen.log_ms;
  if (told)
    *told = {{seen.log_ms, seen.var, scatter_ + seen.grain, seen.ms}, nu};
  double more = bent_more(n, nu, seen);
  const double spread = seen.var + more + scatter_ + seen.grain;
  nis_.add(nu, spread);
  const double z = nu / std::sqrt(spread);
  const bool own_step = change_.add(z);
  doubt_ = 0;
  if (site.change.add(z) || own_step) {
    jump(site, config);
    seen = look(n, site);
    more = bent_more(n, nu, seen);
  } else {
    learn_scatter(nu, seen.var + more, spread);
    if (z > doubtful)
      doubt_ = nu;
  }
  // What is likely an outlier moves little; a step shows at the next event.
  if (doubt_ > 0)
    nu *= site.odds.step();
  const bool probe = q_shape_ == 0;
  const double noise = config.adapt_noise || probe ? scatter_ : config.noise;
  double s = huber_variance(nu, seen.var + more + noise + seen.grain,
                            config.huber)
             - more;
  const double r = s - seen.var;
  const bool open = guess_ && p_kk_ > bending && doubt_ == 0;
  const bool together = open && config.fit_first;
  if (together && first_.empty())
    first_.begin(h_, p_hh_);
  if (open)
    s = bend(n, nu, r, seen, site); // and changes nu
  update(nu, s, seen, site);
  if (together && first_.open())
    learn_together(n, ms, r, site);
  else if (!open && doubt_ == 0)
    first_.close(); // what comes next is not one of the first
  fitted_hh_ = p_hh_;
  last_n_ = n;
  return true;
}

bool function_filter::observe_at_least(double n, double ms, time_point now,
                                       site_filter& site,
                                       const service_config& config) noexcept {
  if (!usable(n, ms))
    return false;
  advance(now, site, config);
  const auto seen = look(n, site);
  const double nu = std::log(ms) - seen.log_ms;
  if (nu > 0) {
    first_.close(); // it is none of them, and would be forgotten
    update(nu, seen.var + 4 * (config.noise + seen.grain), seen, site);
  }
  return true;
}

void function_filter::observe_late(double evidence, site_filter& site,
                                   const service_config& config) noexcept {
  if (change_.add_censored(evidence)) {
    sync(site);
    jump(site, config);
  }
}

double function_filter::off(double slowdown, double g) const noexcept {
  return (std::log(slowdown) - g - h_ - std::log(profile_.intercept))
         / std::sqrt(p_hh_ + scatter_);
}

void function_filter::take_step_back(site_filter& site,
                                     const service_config& config) noexcept {
  sync(site);
  site.g = site.before;
  p_hh_ += config.jump;
}

void function_filter::reset(const line& profile, site_filter& site,
                            const service_config& config,
                            time_point now) noexcept {
  advance(now, site, config);
  profile_ = sane(profile);
  guess_ = false;
  bend_to(0);
  p_kk_ = std::min(p_kk_, 0.1);
  h_ = -site.g;
  p_hh_ = 0.04; // the sum is zero, known to some 20 %
  p_hk_ = 0;
}

void function_filter::open_shape(double n,
                                 const service_config& config) noexcept {
  guess_ = true;
  first_.close(); // they would forget what holds at n
  last_n_ = n;
  p_kk_ = prior_kk_ = config.unknown_shape_var;
  const double w = fixed_ / (profile_.slope * n + fixed_);
  p_hk_ = -w * p_kk_; // what h + ln(a n + b e^k) is at n does not depend on k
  p_hh_ += w * w * p_kk_;
}

void function_filter::restore(double own, double shape, double noise) noexcept {
  h_ = own;
  bend_to(shape);
  scatter_ = std::clamp(noise, least_scatter, 1.0);
}

void function_filter::fill(estimate& out, const site_filter& site,
                           const service_config& config,
                           time_point now) noexcept {
  sync(site);
  const auto grown = [&](double var, double per_second, bool started,
                         time_point at) {
    const double seconds
      = started ? std::max(0.0, to_ms(now - at) / 1000) : 0;
    return std::min(var + per_second * seconds, std::max(config.max_var, var));
  };
  out.slope = profile_.slope;
  out.intercept = fixed_;
  out.factor = std::exp(site.g + h_);
  out.log_var = grown(site.var, config.q_second, site.started, site.at)
                + grown(p_hh_, q_own_, started_, at_);
  out.cov_shape = p_hk_;
  out.var_shape
    = std::max(p_kk_, std::min(grown(p_kk_, q_shape_, started_, at_),
                               config.shape_var));
  out.log_noise = static_cast<float>(scatter_);
  out.grain_ms = static_cast<float>(grain_ms_);
}

} // namespace faas::routing
