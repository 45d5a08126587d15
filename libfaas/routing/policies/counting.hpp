// Policies that go by the number of events under way.
#pragma once

#include "libfaas/routing/policies/by_site.hpp"

namespace faas::routing {

/// The less loaded of two sites drawn at random (power of two choices;
/// Mitzenmacher 2001). Load: own events in flight over servers.
class two_choices final : public policy {
public:
  std::string_view name() const noexcept override { return "p2c"; }
  bool predicts() const noexcept override { return false; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;
};

/// The site with the least load, ties at random (join the shortest queue, as
/// HAProxy's leastconn).
class shortest_queue final : public policy {
public:
  std::string_view name() const noexcept override { return "jsq"; }
  bool predicts() const noexcept override { return false; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;
};

} // namespace faas::routing
