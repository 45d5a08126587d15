// Policies that fit each site's latency to what is known of an event.
#pragma once

#include "libfaas/forecast/linear_arm.hpp"
#include "libfaas/routing/policies/by_site.hpp"

#include <Eigen/Dense>

#include <array>

namespace faas::routing {

/// 1, size, own events in flight there.
using event_vector = Eigen::Vector3d;

/// Ridge regression over the last events of each site, as STOIC's predictor
/// with the queue added (`queue` false: as STOIC's). The site with the least
/// predicted latency; a failed event is no faster than usual (failed_ms). Lambda
/// is given; STOIC's Bayesian ridge fits it, too.
class ridge_window final : public policy {
public:
  struct config {
    size_t window = 50;    ///< events per site, at most 256
    double lambda = 1;     ///< of the features scaled to unit variance
    double explore = 0.02; ///< share of events that go anywhere
    bool queue = true;     ///< look at what is in flight
  };
  explicit ridge_window(const config& how);
  std::string_view name() const noexcept override { return "ridge"; }
  bool predicts() const noexcept override { return false; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  void ended(const outcome& seen) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;

private:
  double score(const prediction& of, site_index site,
               const event_features& event) const noexcept;

  struct window {
    std::vector<std::pair<event_vector, double>> seen; ///< a ring
    size_t next = 0;
    event_vector weights = event_vector::Zero();
  };
  void fit(window& of) const;

  config how_;
  by_site<window> sites_;
};

/// LinUCB with a model per site (see forecast/linear_arm.hpp), for the least
/// latency: the site whose lower confidence bound is the least. The bound
/// is in units of the mean latency, as the paper's rewards are of the order of
/// 1. `keep` below 1 forgets at each event of the site, the identity apart.
class linear_bandit final : public policy {
public:
  struct config {
    double alpha = 0.5;  ///< width of the bound, over the mean latency
    double keep = 1;     ///< weight of the past at each event; 1: all of it
  };
  explicit linear_bandit(const config& how) : how_(how) {}
  std::string_view name() const noexcept override { return "linucb"; }
  bool predicts() const noexcept override { return false; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  void ended(const outcome& seen) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;

private:
  double score(const prediction& of, site_index site,
               const event_features& event) const noexcept;

  config how_;
  double mean_ms_ = 0;
  uint64_t count_ = 0;
  by_site<forecast::linear_arm<3>> arms_;
};

} // namespace faas::routing
