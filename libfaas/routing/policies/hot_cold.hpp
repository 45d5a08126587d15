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
/// lexicographic rule). With less than two answers: any site.
class hot_cold final : public probing_policy {
public:
  struct config {
    double quantile = 0.84;
    double rate = 3;      ///< probes per event
    double reuse = 1;     ///< times that an answer is used beyond the first
    double age_ms = 1000; ///< of answers
  };
  explicit hot_cold(const config& how) : how_(how) { pool_.reserve(17); }
  std::string_view name() const noexcept override { return "prequal"; }
  bool predicts() const noexcept override { return false; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  std::vector<site_index> probes(const decision& made,
                                 random_source& random) override;
  void probed(const probe_reply& seen) noexcept override;

private:
  struct answer {
    probe_reply what;
    double used = 0;
  };
  double threshold() const noexcept;

  config how_;
  std::vector<answer> pool_;
  std::array<double, 128> loads_{}; ///< of the last answers
  size_t seen_ = 0;
  double owed_ = 0;
};

} // namespace faas::routing
