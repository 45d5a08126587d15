// Prequal's choice by probes.
#pragma once

#include "libfaas/routing/policies/by_site.hpp"

#include <array>
#include <vector>

namespace faas::routing {

/// A site's answer to a probe.
struct probe_reply {
  site_index site = no_site;
  double in_flight = 0;  ///< events there, of all routers (RIF)
  double latency_ms = 0; ///< what events took lately that found as many
  time_point at{};
};

/// A policy that wants probes sent: after each choice it is asked which sites.
class probing_policy : public policy {
public:
  /// Sites to be probed now, among those of the decision; at most 8.
  virtual std::vector<site_index> probes(const decision& made,
                                         random_source& random)
    = 0;
  virtual void probed(const probe_reply& seen) noexcept = 0;
};

/// Wydrowski et al., "Load is not what you should balance: Introducing Prequal"
/// (NSDI 2024): a pool of at most 16 probe answers. Sites whose requests in
/// flight are above the quantile of all answers are hot. Taken is the cold one
/// with the least latency, or the least loaded when all are hot (hot-cold
/// lexicographic rule). With less than two answers: any site. A choice counts
/// as one more in flight in the answer it used. Answers leave when they are too
/// old or used up, when the pool is full (the oldest), and at the rate of
/// removal, in turn the worst one and the oldest.
/// Uses of an answer: (1 + delta) / ((1 - m / n) rate - removal) for a pool of
/// m and n sites, rounded at random, from 1 to 16.
/// The paper has 100 sites and more. For few, a pool of 16 would hold all of
/// them, and all events would go to the one that looks fastest; so it has a
/// fourth of the sites here, but two. A site's answer replaces its older one,
/// the last two are not removed, and where the divisor is not positive an
/// answer has 16 uses. Of more than 32 sites it knows those that a decision
/// shows (shortlist.hpp): it counts no more, and probes others among them at
/// random. No probes while nothing comes, no aversion to errors.
class hot_cold final : public probing_policy {
public:
  struct config {
    double quantile = 0.84;
    double rate = 3;      ///< probes per event
    double removal = 1;   ///< answers removed per event
    double delta = 1;     ///< how much faster answers come than they go
    double age_ms = 1000; ///< of answers
  };
  explicit hot_cold(const config& how) : how_(how) {
    pool_.reserve(most_answers);
  }
  std::string_view name() const noexcept override { return "prequal"; }
  bool predicts() const noexcept override { return false; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;
  std::vector<site_index> probes(const decision& made,
                                 random_source& random) override;
  void probed(const probe_reply& seen) noexcept override;

private:
  struct answer {
    probe_reply what;
    double used = 0;
  };
  static constexpr size_t most_answers = 16;

  double threshold() const noexcept;
  double uses(double sites, random_source& random) const noexcept;
  void resize(size_t sites) noexcept;
  void remove_one() noexcept;

  config how_;
  std::vector<answer> pool_;        ///< the oldest first
  size_t size_ = most_answers;      ///< of the pool
  std::array<double, 128> loads_{}; ///< of the last answers
  size_t seen_ = 0;
  double owed_ = 0, to_remove_ = 0;
  bool remove_worst_ = true;
};

} // namespace faas::routing
