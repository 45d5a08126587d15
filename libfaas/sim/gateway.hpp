// A gateway in virtual time: the product's predictor and policies, with what
// this gateway knows.
#pragma once

#include "libfaas/routing/policies/hot_cold.hpp"
#include "libfaas/routing/policies/min_latency.hpp"
#include "libfaas/routing/policies/plain.hpp"
#include "libfaas/routing/predictor.hpp"
#include "libfaas/routing/queue_model.hpp"
#include "libfaas/sim/site_state.hpp"
#include "libfaas/sim/world.hpp"

#include <memory>
#include <span>
#include <vector>

namespace faas::sim {

/// A choice, and what the gateway keeps of it until the event returns.
struct sending {
  routing::decision made;
  double service_ms = 0, back_ms = 0, backlog = 0, in_flight = 0;
};

/// Thread rule: one owner.
class gateway {
public:
  gateway(const scenario& world, const run_options& how);

  /// Chooses and notes the event as under way. `up`: by site, whether this
  /// gateway takes it to be there. Without any: decision::none.
  sending choose(const draw& event, std::span<const char> up, double now,
                 random_source& random);
  /// It has returned from there, or was given up (`lost`).
  void returned(const draw& event, const sending& how, const record& seen,
                const passage& way, double sent, size_t inside, double now,
                bool lost);

  /// A site has come (back).
  void joined(size_t site, double now);
  void probed(size_t site, double slowdown, double now);
  void pinged(size_t site, double rtt_ms, double now);
  void tick(std::span<const routing::in_flight_event> late, double now);
  void publish(double now) { predictor_.publish(at(now)); }

  routing::policy& policy_of(size_t function) noexcept {
    return *policies_[function];
  }
  routing::function_index function(size_t index) const noexcept {
    return functions_[index];
  }
  routing::site_index site(size_t index) const noexcept {
    return sites_[index];
  }
  /// Whether predictions are made at all.
  bool predicts() const noexcept { return predicts_; }

private:
  routing::candidate candidate_of(size_t function, size_t site, double now);

  routing::predictor predictor_;
  std::vector<routing::function_index> functions_;
  std::vector<routing::site_index> sites_;
  std::vector<routing::link_index> links_;
  std::vector<char> local_; ///< by site
  std::vector<double> servers_;
  std::vector<std::unique_ptr<routing::policy>> policies_; ///< by function
  std::vector<std::vector<std::shared_ptr<const routing::estimate_cell>>>
    cells_;
  std::vector<routing::site_load> loads_;
  std::vector<routing::link_load> link_loads_;
  std::vector<routing::candidate> candidates_;
  bool predicts_ = true;
};

} // namespace faas::sim
