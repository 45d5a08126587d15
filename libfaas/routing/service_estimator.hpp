// Service times: a slow-down shared by all functions of a site, and one of each
// function, over a line in the size feature.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/routing/innovation.hpp"
#include "libfaas/routing/profile.hpp"

#include <cstdint>

namespace faas::routing {

struct estimate;

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
/// slow-down. It does not know its functions; they know it, and follow its
/// moves later through the running sums.
struct site_filter {
  double g = 0;
  double var = 0.5;
  time_point at{};
  bool started = false;
  change_detector change; ///< pools the evidence of all functions and probes
  // fade: product, over all growth of var, of the factor by which a function's
  // coefficient on g shrank. shift, shrink: sums of fade * dg, fade^2 * dvar
  // over all updates. A new epoch starts before fade underflows.
  double fade = 1, shift = 0, shrink = 0;
  uint32_t epoch = 0;

  explicit site_filter(const service_config& config = {}, double mean = 0)
    : g(mean), var(config.site_var), change(config.change) {}
  void advance(time_point now, const service_config& config) noexcept;
  void grow(double variance, double max_var) noexcept;
  /// An event moved g by dg and took dvar from its variance.
  void apply(double dg, double dvar) noexcept;
};

/// One function (or probe) on one site: extended Kalman filter over x = [g, h,
/// k] with z = ln S = g + h + ln(a n + b e^k) + v. g belongs to the site, h to
/// the function; k, the log of a factor on the intercept, mends a profile that
/// is wrong, or whose slope and intercept do not slow down together.
///
/// Covariance among functions of a site is kept through g alone: given g they
/// are taken as independent (a tree in place of the joint matrix). A function
/// that sleeps while others move g follows when it is touched next:
/// x += r dg, P -= r r' dvar, r = cov(x, g) / var(g). Within one function the
/// filter is exact but for linearisation. Cost: one 3-state filter per event,
/// whatever the number of functions.
class function_filter {
public:
  explicit function_filter(const line& profile = default_profile,
                           const service_config& config = {},
                           double own_mean = 0, double shape_mean = 0) noexcept;
  /// The filter of a site's CPU probe, from its first reading: what the reading
  /// has in common with g is unknown, so that only changes will count. Observe
  /// later readings with size 0.
  static function_filter probe(double slowdown, time_point now,
                               site_filter& site,
                               const service_config& config) noexcept;

  /// The belief about an event of size n: log of the service time in ms, its
  /// epistemic variance, and the scatter of single events.
  struct belief {
    double log_ms = 0, log_var = 0, noise = 0;
  };
  /// Brought up to date with the site first.
  belief at(double n, const site_filter& site) noexcept;

  /// An event of size n took `ms` of service. False if refused. A step, if
  /// detected, is applied before the update (and before Huber, which would
  /// take it for an outlier for ever).
  bool observe(double n, double ms, time_point now, site_filter& site,
               const service_config& config) noexcept;
  /// It would have taken at least `ms`: moves the mean up, never down.
  bool observe_at_least(double n, double ms, time_point now, site_filter& site,
                        const service_config& config) noexcept;
  /// Lateness of events in flight, see change_detector::add_censored.
  void observe_late(double evidence, site_filter& site,
                    const service_config& config) noexcept;
  /// This line, measured here and now, replaces what was believed.
  void reset(const line& profile, site_filter& site,
             const service_config& config, time_point now) noexcept;
  void restore(double own, double shape, double noise) noexcept;

  /// Parts of the belief for the estimate cell; brought up to date first.
  void fill(estimate& out, const site_filter& site) noexcept;

  const line& profile() const noexcept { return profile_; }
  double own() const noexcept { return h_; }
  double shape() const noexcept { return k_; }
  double noise() const noexcept { return scatter_; }
  const nis_monitor& nis() const noexcept { return nis_; }
  uint64_t changes() const noexcept { return changes_; }

private:
  struct view;
  view look(double n, const site_filter& site) const noexcept;
  void sync(const site_filter& site) noexcept;
  void advance(time_point now, const service_config& config) noexcept;
  void grow_own(double variance, double max_var) noexcept;
  void jump(site_filter& site, const service_config& config) noexcept;
  void update(double nu, double s, const view& seen,
              site_filter& site) noexcept;
  void learn_scatter(double nu, double known, double spread) noexcept;

  line profile_;
  double h_, k_;
  double p_hh_, p_kk_, p_hk_ = 0;
  double r_h_ = 0, r_k_ = 0; ///< coefficients on g: cov(x, g) / var(g)
  double fade_ = 1, shift_ = 0, shrink_ = 0; ///< the site's at the last sync
  uint32_t epoch_ = 0;
  double scatter_;
  double grain_ms_;
  double q_own_, q_shape_; ///< per second
  time_point at_{};
  bool started_ = false;
  uint64_t changes_ = 0;
  change_detector change_;
  nis_monitor nis_;
};

} // namespace faas::routing
