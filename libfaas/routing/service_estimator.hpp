// Service times: a slow-down shared by all functions of a site, and one of each
// function, over a line in the size feature.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/routing/first_events.hpp"
#include "libfaas/routing/innovation.hpp"
#include "libfaas/routing/profile.hpp"
#include "libfaas/routing/step_odds.hpp"

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
  // The same of a function that nothing was told of: 0.05 ms or 20 s, nearly
  // all of it fixed or nearly none.
  double unknown_var = 16;
  double unknown_shape_var = 4;
  double probe_var = 1;
  // No variance grows beyond these.
  double max_var = 2;
  // Scatter of one event: noise + (grain_ms / predicted)^2.
  double noise = 0.03;
  double grain_ms = 0.2;
  double probe_noise = 0.02;
  double jump = 0.5;      ///< variance added to the site's part at a step ...
  double own_jump = 0.05; ///< ... and to the function's: steps are the site's
  double shape_jump = 0.25;
  double huber = 2.5;
  bool adapt_noise = false; ///< item 5 of the design; no gain was found
  /// An unknown function's first events are fitted together; else one after the
  /// other. No gain was found (ADR "first events one after the other").
  bool fit_first = false;
  change_config change;
};

/// The part that all functions of a site share: g, the log of the site's
/// slow-down. Only its changes have a meaning of their own: what is left of its
/// uncertainty after an update passes into the functions' own parts, so that
/// `var` is what has come up since the site was last heard of.
struct site_filter {
  double g = 0;
  double var;
  double passed = 0; ///< sum of the variances that functions have to take over
  time_point at{};
  bool started = false;
  change_detector change; ///< pools the evidence of all functions and probes
  double before = 0; ///< g at the last step that was believed
  step_odds odds;

  explicit site_filter(const service_config& config = {}, double mean = 0)
    : g(mean), var(config.site_var), change(config.change) {}
  void advance(time_point now, const service_config& config) noexcept;
};

/// One function (or probe) on one site: extended Kalman filter over x = [g, h,
/// k] with z = ln S = g + h + ln(a n + b e^k) + v. g belongs to the site, h to
/// the function; k, the log of a factor on the intercept, mends a profile that
/// is wrong, or whose slope and intercept do not slow down together.
///
/// An event moves g and h in proportion to what each may have changed since, so
/// that a step seen by one function warns the others. For one function on a
/// site this is the exact filter of g + h (but for linearisation). With more,
/// the error that g keeps after an update is taken as independent among them:
/// the price of a cost that does not grow with the number of functions.
class function_filter {
public:
  explicit function_filter(const line& profile = default_profile,
                           const service_config& config = {},
                           double own_mean = 0, double shape_mean = 0) noexcept;
  /// Nothing is known of this function, the line is a mere form: its first event
  /// tells the level. Before any event.
  void know_nothing(const service_config& config) noexcept;
  /// The line is a mere form, whoever fitted it: its bend is minded.
  void mind_bend() noexcept { guess_ = true; }
  /// Another site of the tier has come to know the function better: what is not
  /// known here of its shape follows (partial pooling: the prior moves to the
  /// other's estimate, what was seen here counts as before). False where lines
  /// differ, or the other knows no better.
  bool follow(const function_filter& other,
              const service_config& config) noexcept;
  /// Call once for a site that has a history: it is none of this function's.
  void join(const site_filter& site) noexcept { passed_ = site.passed; }
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
    double ms = 1; ///< exp(log_ms)
  };
  /// What was believed of an event before it was seen, and the log of its time
  /// over that.
  struct lesson {
    belief before;
    double nu = 0;
  };
  /// Brought up to date with the site first.
  belief at(double n, const site_filter& site) noexcept;

  /// An event of size n took `ms` of service. False if refused. A step, if
  /// detected, is applied before the update (and before Huber, which would
  /// take it for an outlier for ever).
  bool observe(double n, double ms, time_point now, site_filter& site,
               const service_config& config, lesson* told = nullptr) noexcept;
  /// It would have taken at least `ms`: moves the mean up, never down.
  bool observe_at_least(double n, double ms, time_point now, site_filter& site,
                        const service_config& config) noexcept;
  /// Lateness of events in flight, see change_detector::add_censored.
  void observe_late(double evidence, site_filter& site,
                    const service_config& config) noexcept;
  /// What a probe's reading is off from what `g` lets expect, in standard
  /// deviations.
  double off(double slowdown, double g) const noexcept;
  /// The last step was none of the site's: g is as before, and it is open how
  /// fast this function is.
  void take_step_back(site_filter& site, const service_config& config) noexcept;
  /// This line, measured here and now, replaces what was believed.
  void reset(const line& profile, site_filter& site,
             const service_config& config, time_point now) noexcept;
  /// After reset(): the line was measured at size n alone. Its time holds
  /// there; how much of that is fixed is open.
  void open_shape(double n, const service_config& config) noexcept;
  void restore(double own, double shape, double noise) noexcept;
  /// The site's history is another one now, and its part moved by so much: what
  /// was measured of this function here holds all the same.
  void rebase(const site_filter& site, double moved) noexcept {
    join(site);
    h_ -= moved;
  }

  /// Parts of the belief for the estimate cell; brought up to date first.
  /// With what may have changed until `now`, while nobody looked.
  void fill(estimate& out, const site_filter& site,
            const service_config& config, time_point now) noexcept;

  const line& profile() const noexcept { return profile_; }
  double own() const noexcept { return h_; }
  double shape() const noexcept { return k_; }
  double noise() const noexcept { return scatter_; }
  const nis_monitor& nis() const noexcept { return nis_; }
  uint64_t changes() const noexcept { return changes_; }
  /// The last event was much slower than believed, but one alone is no step:
  /// its innovation, to be held against the site for a moment. Else 0.
  double doubt() const noexcept { return doubt_; }

private:
  struct view;
  view look(double n, const site_filter& site) const noexcept;
  void sync(const site_filter& site) noexcept;
  void bend_to(double k) noexcept;
  void advance(time_point now, site_filter& site,
               const service_config& config) noexcept;
  void jump(site_filter& site, const service_config& config) noexcept;
  double bent_more(double n, double nu, const view& seen) const noexcept;
  void learn_together(double n, double ms, double r,
                      const site_filter& site) noexcept;
  double bend(double n, double& nu, double r, view& seen,
              const site_filter& site) const noexcept;
  void update(double nu, double s, const view& seen,
              site_filter& site) noexcept;
  void learn_scatter(double nu, double known, double spread) noexcept;

  line profile_;
  double h_, k_;
  double fixed_; ///< intercept * e^k
  double p_hh_, p_kk_, p_hk_ = 0;
  double prior_k_, prior_kk_; ///< mean and variance of k's prior
  double last_n_ = 1;         ///< size of the last event
  first_events first_;
  double fitted_hh_ = 0; ///< p_hh_ after the last event
  bool guess_ = false;        ///< the line is a mere form
  double passed_ = 0; ///< the site's at the last sync
  double scatter_;
  double grain_ms_;
  double q_own_, q_shape_; ///< per second
  time_point at_{};
  bool started_ = false;
  uint64_t changes_ = 0;
  double doubt_ = 0;
  change_detector change_;
  nis_monitor nis_;
};

} // namespace faas::routing
