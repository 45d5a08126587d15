// Latency, money and energy weighed against each other.
#pragma once

#include "libfaas/routing/policies/by_site.hpp"

namespace faas::routing {

/// The site with the least latency + social * imposed (ms) + price and energy
/// by their weights. Sites without price or power cost nothing. Now and then
/// another one, to learn.
class weighted final : public policy {
public:
  struct config {
    double latency = 1;   ///< per ms
    double price = 1;     ///< per unit of the currency
    double energy = 0;    ///< per joule
    double social = 1;  ///< see min_latency; in ms, weighed as latency
    double explore = 0.01; ///< share of events that go anywhere
  };
  explicit weighted(const config& how) noexcept : how_(how) {}
  std::string_view name() const noexcept override { return "weighted"; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;
  double least_rank(double total_ms) const noexcept override {
    return how_.latency * total_ms;
  }
  bool foretells() const noexcept override { return true; }
  double cost(const prediction& of) const noexcept;

private:
  config how_;
};

} // namespace faas::routing
