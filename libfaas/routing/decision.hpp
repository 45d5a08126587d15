// Which site an event goes to, and why.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/random.hpp"
#include "libfaas/routing/estimate_cell.hpp"
#include "libfaas/routing/batch_load.hpp"
#include "libfaas/routing/keys.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace faas::routing {

/// More candidates than this are not looked at: with more, the caller
/// pre-selects by shortlist.hpp.
inline constexpr size_t max_candidates = 32;

/// What is known of an event before it runs.
struct event_features {
  double size = 1;         ///< the manifest's size feature, e.g. images
  way_bytes bytes;         ///< request and expected reply, for the network
  double deadline_ms = 0;  ///< time left; 0: none
  bool may_explore = true; ///< false: it goes nowhere merely to learn
  /// Hash of what the event belongs to (a session, a stream, a data set), for
  /// policies that keep such events together; 0: nothing.
  uint64_t key = 0;
  /// Where what it belongs to is (data locality); no_site: not said.
  site_index home = no_site;
};

/// A site that could run the event, with what only this router knows.
struct candidate {
  site_index site = no_site;
  const estimate_cell* cell = nullptr;
  /// Own events at the site that have not returned, all functions, and the
  /// time until a server is free for one more (see site_load).
  uint32_t in_flight = 0;
  double free_in_ms = 0;
  /// How long own bytes ahead of this event will take on the link (link_load).
  double backlog_ms = 0;
  /// The same of own replies that will come back (reply_load): until the last
  /// of them has crossed, and what all of them take.
  double replies_free_in_ms = 0, replies_ahead_ms = 0;
  /// How late the own node's loop is; 0 for sites of other nodes.
  double loop_lag_ms = 0;
  /// Where the site joins this function's events; null: it serves each alone. In
  /// place of free_in_ms, which is 0 then.
  const batching_site* batches = nullptr;
  /// Own events that wait there for the function to be deployed; 0: it is there.
  double waiting = 0;
  /// What a second of one event's work costs there, in any one currency, and
  /// the power that it draws beyond that of the idle site, W. 0: nothing.
  double price_per_s = 0;
  double watts = 0;
  bool healthy = true;
};

/// Prediction for one candidate, ms; not initialised by default (a decision
/// holds 32 of them). total = sum of the other five means;
/// variance = epistemic + scatter of single events. The last are what was
/// known of the site's load, for policies that go by counts.
struct prediction {
  double network;
  double queue; ///< own in flight, reports, loop lag; until its batch begins
  double service; ///< of the whole batch where it shares one
  double cold; ///< the share of a load, or what is left of a deployment
  double overdue;
  double total;
  double transit;   ///< part of network that passes before the site has it
  double variance;  ///< of one event's latency, ms^2
  double epistemic; ///< of the mean only, ms^2
  double promise_sigmas;  ///< see promised_ms
  double interval_sigmas; ///< see reach_ms
  /// What later events will wait for this one, ms: not part of the total.
  double imposed;
  double in_flight; ///< own events there that have not returned
  double servers;   ///< events it runs at once
  double work;      ///< of its service what it takes itself, ms
  double price;     ///< of the work (service and cold), as price_per_s
  double joule;     ///< the same in energy
};

/// 95 % of such events take no longer.
double promised_ms(const prediction& of) noexcept;
/// 90 % of such events are no farther from the total.
double reach_ms(const prediction& of) noexcept;

enum class reason : uint8_t {
  no_candidate, ///< none healthy (or the static site is not)
  only_candidate,
  best,     ///< smallest predicted latency
  explored, ///< worse on paper, chosen to learn
  fixed,    ///< static policy
  fallback, ///< the static site was not available
  random,
  round_robin,
  ranked, ///< first in the policy's own order, not by predicted latency
  cheapest,  ///< costs least among those that meet the deadline
  likeliest, ///< none meets the deadline surely enough; this one most likely
  sticky,    ///< where the event's key was served last, or belongs
  refused,   ///< no site can meet the deadline: chosen is none
  hedged,    ///< a second start of an event that another site has, too
};
inline constexpr size_t reasons = 14;
std::string_view name(reason why) noexcept;

/// The outcome. Indices are positions in the candidates given; parts[i] is
/// valid for healthy candidates i < count.
struct decision {
  static constexpr uint8_t none = 255;
  uint8_t chosen = none;
  uint8_t runner_up = none; ///< best total among the others, if one is chosen
  uint8_t count = 0;
  reason why = reason::no_candidate;
  double propensity = 1; ///< probability of this choice; 0: not known
  uint32_t healthy = 0;  ///< bit i: candidate i was looked at
  std::array<prediction, max_candidates> parts;
  std::array<site_index, max_candidates> sites;

  decision() noexcept {} // leaves the arrays alone: they are 2 KiB
  explicit operator bool() const noexcept { return chosen != none; }
  /// Only where one was chosen.
  const prediction& chosen_parts() const noexcept { return parts[chosen]; }
};

/// A policy's answer: position, reason, propensity. reason::refused with
/// decision::none: the event is to be answered with an error at once
/// (deadline_rules.hpp), though there are sites.
struct pick {
  uint8_t chosen = decision::none;
  reason why = reason::no_candidate;
  double propensity = 1;
};

/// What became of an event that the policy chose a site for; ms.
struct outcome {
  site_index site = no_site;
  double size = 1;
  way_bytes bytes{};
  double total_ms = 0; ///< from dispatch to reply, by this router's clock
  double queue_ms = 0; ///< these three by the site's
  double service_ms = 0;
  double cold_ms = 0;
  double in_flight = 0;    ///< own there when it was sent, without it
  double queue_length = 0; ///< there at completion, all routers'
  bool failed = false;     ///< no answer, or that of a site that is ill
  time_point at{};
};

/// A site's place in a policy's order: the least comes first.
struct standing {
  double first = 0;
  double second = 0; ///< where the first is the same
  friend bool operator<(const standing& a, const standing& b) noexcept {
    return a.first < b.first || (a.first == b.first && a.second < b.second);
  }
};

struct hedge_bounds;

/// Chooses among predictions. One object per function and gateway loop: not
/// thread safe, may keep state; choose() allocates at most where a site is new. `so_far` has
/// healthy, parts, sites, count filled and at least two bits in healthy.
class policy {
public:
  virtual ~policy() = default;
  virtual std::string_view name() const noexcept = 0;
  virtual pick choose(const decision& so_far, const event_features& event,
                      random_source& random, time_point now) noexcept = 0;
  /// Called in place of choose() when one candidate is healthy.
  virtual pick only(const decision& so_far, const event_features& event,
                    uint8_t index, time_point now) noexcept;
  /// An event has ended that choose() or only() sent somewhere: for policies
  /// that learn by themselves.
  virtual void ended(const outcome& seen) noexcept {}
  /// False: it never looks at predictions, only at sites and counts.
  virtual bool predicts() const noexcept { return true; }
  /// Whether what it chooses, if it tries nothing out, follows from predictions
  /// and its parameters. False: it also goes by turns, draws, or what it counts
  /// and learns, which only the object that does so can tell.
  virtual bool foretells() const noexcept { return false; }
  /// Whether it may choose a site where the function is still being deployed:
  /// only if it goes by the predicted latency, which holds what is left of that,
  /// and tries no site out whatever is predicted.
  virtual bool may_wait() const noexcept { return false; }
  /// Where there are more sites than a decision holds, those with the least
  /// ranks are looked at (shortlist.hpp). What choose() would take among all
  /// should come first, or be as likely to come as it is to be taken. Default:
  /// by predicted latency, at random among equal ones.
  virtual standing rank(const prediction& of, site_index site,
                        const event_features& event,
                        random_source& random) const noexcept;
  /// No rank is below this for events that take `total_ms` or longer: who
  /// cannot come among the first is not predicted for. Default: minus infinity,
  /// which is never above.
  virtual double least_rank(double total_ms) const noexcept;
  /// What a second start of an event may cost; null: there is none.
  virtual const hedge_bounds* hedging() const noexcept { return nullptr; }
};

/// The prediction for one candidate. Section 2 of the predictor's design:
/// network + queue + service + amortised cold start.
prediction predict(const estimate& belief, const candidate& site,
                   const event_features& event, time_point now) noexcept;

/// The event as the plan of such a site sees it, by what is believed now.
batched_event batched(const estimate& belief, const batching_site& site,
                      double size, time_point now) noexcept;

/// Predicts for every healthy candidate and lets the policy choose.
/// Allocation-free. Candidates without cell count as not healthy; those beyond
/// max_candidates are ignored.
decision decide(std::span<const candidate> candidates,
                const event_features& event, policy& rule,
                random_source& random, time_point now) noexcept;

/// Healthy candidate with the smallest total, ties by site index; `except` is
/// left out. decision::none if there is none.
uint8_t best_of(const decision& made, uint8_t except = decision::none) noexcept;

/// How much longer the chosen site takes than the best of the others, as
/// predicted, ms; 0: no longer, nothing was chosen, or there is no other.
double regret_ms(const decision& made) noexcept;

/// One line for people: chosen site with its parts, runner-up, reason. `names`
/// are the sites' names in the order of the candidates (missing: "#index").
std::string explain(const decision& made,
                    std::span<const std::string_view> names = {});

} // namespace faas::routing
