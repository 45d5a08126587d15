// Service times: a slow-down shared by all functions of a site, and one of each
// function, over a line in the size feature.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/routing/innovation.hpp"
#include "libfaas/routing/profile.hpp"

#include <cstdint>

namespace faas::routing {

struct service_config {
  // Process noise of the log slow-down: per observation and per second; the
  // function's own part gets own_share of it (design: diag(1, 1/4)).
  double q_event = 1e-4;
  double q_second = 1e-3;
  double own_share = 0.25;
  double q_shape = 2e-3; ///< per second, of the log intercept share
  double q_probe = 1e-6; ///< per second, of a probe's constant factor
  // Prior variances (log domain).
  double site_var = 0.5;
  double own_var = 0.25;
  double shape_var = 0.5;
  double probe_var = 1;
  // No variance grows beyond these.
  double max_var = 2;
  // Scatter of one event: noise + (grain_ms / predicted)^2.
  double noise = 0.03;
  double grain_ms = 0.2;
  double probe_noise = 0.02;
  double jump = 0.5; ///< variance added to the site's part at a step
  double shape_jump = 0.25;
  double huber = 2.5;
  bool adapt_noise = false; ///< item 5 of the design; no gain was found
  change_config change;
};

/// The part that all functions of a site share: g, the log of the site's
/// slow-down. It does not know its functions; they carry their covariance with
/// it, and bring themselves up to date through the running sums below.
struct site_filter {
  double g = 0;
  double var = 0.5;
  time_point at{};
  bool started = false;
  uint64_t changes = 0;
  // Sum of fade * dg and fade^2 * dvar over all updates, where fade is the
  // product of var before / var after over all growth: see function_filter.
  double fade = 1, shift = 0, shrink = 0;
  uint32_t epoch = 0;

  void advance(time_point now, const service_config& config) noexcept;
  void grow(double variance, double max_var) noexcept;
  /// An update through another function's event.
  void apply(double dg, double dvar) noexcept;
};

/// One function (or probe) on one site: extended Kalman filter over x = [g, h,
/// k] with z = ln S - ln S0(n) = g + h + ln((a n + b e^k) / (a n + b)) + v. k
/// is the log of the intercept's share in the line: it mends a profile whose
/// slope and intercept do not slow down together.
///
/// The covariance among functions of a site is kept through g alone: given g,
/// functions are taken as independent (a tree instead of the full joint
/// matrix). A function that sleeps while others move g follows when it is
/// touched next: x += r dg, P -= r r' dvar with r = cov(x, g) / var(g). Within
/// one function the filter is exact. Cost: one 3-state filter per event,
/// whatever the number of functions.
class function_filter {
public:
  function_filter() = default;
  function_filter(const line& profile, const service_config& config,
                  double own_mean = 0, double shape_mean = 0) noexcept;
  static function_filter probe(const service_config& config) noexcept;

  /// The mean belief about an event of size n: log of the service time, its
  /// epistemic variance, and the scatter.
  struct belief {
    double log_ms = 0, log_var = 0, noise = 0;
  };
  belief at(double n, const site_filter& site) const noexcept;

  /// Service time of one event; at_ time must not go back. Returns false when
  /// the input is refused.
  bool observe(double n, double ms, time_point now, site_filter& site,
               const service_config& config) noexcept;
  /// It would have taken at least `ms`: moves the mean up, never down.
  void observe_at_least(double n, double ms, time_point now, site_filter& site,
                        const service_config& config) noexcept;
  /// Lateness of events in flight, see change_detector::add_censored.
  void observe_late(double evidence, time_point now, site_filter& site,
                    const service_config& config) noexcept;
  /// A line measured here and now replaces what was believed.
  void reset(const line& profile, site_filter& site,
             const service_config& config, time_point now) noexcept;

  /// Brings mean and covariance up to date with the site.
  void sync(const site_filter& site) noexcept;
  void advance(time_point now, const service_config& config) noexcept;

  const line& profile() const noexcept { return profile_; }
  double own() const noexcept { return h_; }
  double shape() const noexcept { return k_; }
  double noise() const noexcept { return noise_; }
  double own_var() const noexcept { return p_hh_; }
  double own_cov() const noexcept { return c_h_; } ///< with g
  double shape_var() const noexcept { return p_kk_; }
  /// cov(h, k) and cov(g, k)
  double shape_own_cov() const noexcept { return p_hk_; }
  double shape_site_cov() const noexcept { return c_k_; }
  const nis_monitor& nis() const noexcept { return nis_; }
  unsigned long changes() const noexcept { return change_.alarms(); }
  void restore(double own, double shape, double noise) noexcept;

private:
  struct linearised;
  linearised linearise(double n) const noexcept;
  void update(double nu, double s, const linearised& at, double scale,
              site_filter& site, const service_config& config) noexcept;
  void jump(site_filter& site, const service_config& config) noexcept;

  line profile_ = default_profile;
  double h_ = 0, k_ = 0;
  double p_hh_ = 0.25, p_kk_ = 0.5, p_hk_ = 0;
  double c_h_ = 0, c_k_ = 0;                 ///< covariances with g
  double fade_ = 1, shift_ = 0, shrink_ = 0; ///< the site's, at the last sync
  uint32_t epoch_ = 0;
  double noise_ = 0.03;
  double grain_ms_ = 0.2;
  double q_own_ = 0, q_shape_ = 0;
  time_point at_{};
  bool started_ = false;
  bool is_probe_ = false;
  change_detector change_;
  nis_monitor nis_;
};

} // namespace faas::routing
