// A gateway in virtual time: the product's predictor and policies, with what
// this gateway knows.
#pragma once

#include "libfaas/routing/hedging.hpp"
#include "libfaas/routing/policies/hot_cold.hpp"
#include "libfaas/routing/policies/min_latency.hpp"
#include "libfaas/routing/policies/plain.hpp"
#include "libfaas/routing/predictor.hpp"
#include "libfaas/routing/reply_load.hpp"
#include "libfaas/routing/shared_load.hpp"
#include "libfaas/routing/silent_sites.hpp"
#include "libfaas/routing/variants.hpp"
#include "libfaas/sim/site_servers.hpp"
#include "libfaas/sim/variants.hpp"
#include "libfaas/sim/world.hpp"

#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace faas::sim {

/// A choice, and what the gateway keeps of it until the event returns.
struct sending {
  static constexpr uint32_t none = ~uint32_t{0};
  uint32_t site = none; ///< position
  size_t function = 0;  ///< that has it: the event's own or a lighter one
  routing::reason why = routing::reason::no_candidate;
  double predicted_ms = 0, predicted_sd = 0, promised_ms = 0, reach_ms = 0;
  double service_ms = 0, back_ms = 0, backlog = 0, in_flight = 0;
  routing::reply_load::plan reply = {};
  uint64_t ticket = 0; ///< where the site joins events; 0: it does not
  std::optional<double> second_after_ms; ///< when a second start may pay
  /// Where somebody watches; else null: a decision is some 5 KiB.
  std::shared_ptr<const routing::decision> made = nullptr;
  explicit operator bool() const noexcept { return site != none; }
};

/// Thread rule: one owner.
class gateway {
public:
  gateway(const scenario& world, const run_options& how);

  /// Chooses and notes the event as under way. `up`: by site, whether this
  /// gateway takes it to be there. Without any: sending::none; so also when the
  /// policy refuses the event (reason::refused).
  sending choose(const draw& event, std::span<const char> up, double now,
                 random_source& random);
  /// The same for a second start of an event that has been under way for
  /// `age_ms`, as `first` says; none: it does not pay. `up` is without the first
  /// one's site.
  sending choose_second(const draw& event, const sending& first, double age_ms,
                        std::span<const char> up, double now,
                        random_source& random);
  /// Positions of the sites that the policy of the last choice wants probed.
  std::span<const uint32_t> wanted() const noexcept { return wanted_; }
  /// The answer to such a probe.
  void answered(size_t function, const routing::probe_reply& seen) noexcept {
    probing_[function]->probed(seen);
  }
  /// It has returned from there, or was given up (`lost`).
  void returned(const draw& event, const sending& how, const record& seen,
                const passage& way, double sent, size_t inside, double now,
                bool lost);

  /// A site has come (back); its functions will be there after `deploy_ms`.
  void joined(size_t site, double deploy_ms, double now);
  /// Whether it wants to know how slow the site's CPU is. It has been asked then.
  bool asks(size_t site, double now);
  void probed(size_t site, double slowdown, double now);
  void pinged(size_t site, double rtt_ms, double now);
  void tick(std::span<const routing::in_flight_event> late, double now);
  void publish(double now) { predictor_.publish(at(now)); }

  routing::function_index function(size_t index) const noexcept {
    return functions_[index];
  }
  routing::site_index site(size_t index) const noexcept {
    return sites_[index];
  }
  /// Whether predictions are made at all.
  bool predicts() const noexcept { return predicts_; }

private:
  void learn_profiles(const scenario& world);
  void learn_batches(const scenario& world);
  const routing::batching_site* batching(size_t function,
                                         size_t site) const noexcept {
    const auto& at = batching_[function][site];
    return at.open != nullptr ? &at : nullptr;
  }
  uint32_t count_return(const sending& how, const passage& way, double now,
                        bool lost);
  std::span<const char> open_to(size_t function, std::span<const char> up,
                                double now);
  bool deploying(size_t site, double now) const noexcept {
    return now < deployed_at_[site];
  }
  routing::candidate candidate_of(size_t function, size_t site, double now);
  routing::decision decide_for(const draw& event, std::span<const char> up,
                               double now, random_source& random);
  routing::variant_search search(draw& event, std::span<const char> up,
                                 double now, random_source& random);
  void show_some(const draw& event, const routing::event_features& features,
                 std::span<const char> up, double now, random_source& random);
  void fill_candidates(const draw& event, std::span<const char> up, double now);
  /// What is kept of a decision; the event is under way.
  sending start(const routing::decision& made, const draw& event, double now);
  /// How long an event waited for the link, both ways, and whether that is seen
  /// or was only expected.
  struct waits {
    double ms = 0;
    bool seen = false;
  };
  waits leave_link(const draw& event, const sending& how,
                   const routing::outcome& ended, double sent, double now);
  std::optional<double> second_after(const routing::decision& made,
                                     const draw& event, double now);
  void want(const routing::decision& made, size_t function,
            random_source& random);

  routing::predictor predictor_;
  std::vector<routing::function_index> functions_;
  std::vector<routing::site_index> sites_; ///< by position, which it is
  std::vector<routing::link_index> links_;
  const variants lighter_;
  std::vector<routing::site_costs> costs_; ///< by site
  std::vector<char> local_;                ///< by site
  std::vector<double> servers_;
  std::vector<double> deployed_at_; ///< by site: when its functions are there
  double all_deployed_at_ = 0;
  std::vector<char> open_; ///< kept for its memory
  std::vector<std::unique_ptr<routing::policy>> policies_; ///< by function
  std::vector<routing::probing_policy*> probing_; ///< those that are, or null
  std::vector<std::vector<std::shared_ptr<const routing::estimate_cell>>>
    cells_;
  std::deque<routing::shared_load> loads_; ///< they do not move
  /// By function and site; without `open`: it serves each event alone.
  std::vector<std::vector<routing::batching_site>> batching_;
  std::vector<routing::link_load> link_loads_;
  std::vector<routing::reply_load> replies_;
  std::vector<uint32_t> shown_; ///< positions of the sites of a decision
  std::vector<routing::candidate> candidates_; ///< of those
  struct hedges {
    routing::hedge_planner planner;
    routing::hedge_budget budget;
  };
  std::vector<std::unique_ptr<hedges>> hedges_; ///< by function; null: none
  std::vector<uint32_t> wanted_;
  routing::silent_sites silent_;
  bool predicts_ = true, watched_ = false;
};

} // namespace faas::sim
