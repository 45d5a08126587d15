// Smallest predicted latency: what Petrel does unless told otherwise.
#pragma once

#include "libfaas/routing/decision.hpp"
#include "libfaas/routing/hedging.hpp"

namespace faas::routing {

/// Bounds on learning at the users' expense.
struct exploration {
  double share = 0.03; ///< of decisions, at most (token bucket); 0: none
  double burst = 2;    ///< decisions that may be saved up
  /// Freely explored are events whose 95 % quantile at the other site stays
  /// under this quantile of recent predictions: they make no new tail.
  double tail = 0.9;
  /// Others only from a budget that grows by this share of the latency served.
  double regret_share = 0.01;
  /// Chosen at random among sites predicted within this share of the best: with
  /// several routers that see the same reports, not all go to one.
  double near = 0;
  /// How much of what an event imposes on later ones counts (imposed_ms).
  double social = 1;
};

/// Smallest predicted latency; now and then the likeliest challenger, with the
/// probability that it is in truth the better one: Thompson sampling between
/// the two, with epistemic variance only (Kalman-Thompson: Granmo and Berg,
/// 2010), bounded by `exploration` and the deadline. For two sites it is
/// Thompson sampling proper; for more it keeps the propensity exact.
class min_latency final : public policy {
public:
  explicit min_latency(exploration bounds = {},
                       hedge_bounds hedges = {}) noexcept
    : bounds_(bounds), hedges_(hedges),
      tokens_(bounds.share > 0 ? bounds.burst / 2 : 0) {}
  std::string_view name() const noexcept override { return "min-latency"; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;
  double least_rank(double total_ms) const noexcept override {
    return total_ms;
  }
  bool foretells() const noexcept override { return true; }
  bool may_wait() const noexcept override { return true; }
  const hedge_bounds* hedging() const noexcept override {
    return hedges_.share > 0 ? &hedges_ : nullptr;
  }

private:
  uint8_t challenger(const decision& so_far, const event_features& event,
                     uint8_t best) const noexcept;
  bool affordable(const prediction& other, const prediction& best,
                  const event_features& event) const noexcept;
  double price(const prediction& other, const prediction& best) const noexcept;
  void served(const prediction& chosen) noexcept;
  pick nearly_best(const decision& so_far, uint8_t best,
                   random_source& random) const noexcept;

  exploration bounds_;
  hedge_bounds hedges_;
  double tokens_;
  double tail_ms_ = 0;   ///< running quantile of predicted latencies
  double regret_ms_ = 0; ///< saved up
  double between_ms_ = 0; ///< decisions, running mean
  time_point last_{};     ///< decision
};

} // namespace faas::routing
