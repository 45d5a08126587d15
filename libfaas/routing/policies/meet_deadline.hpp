// In time first, then cheap; what cannot be in time is refused at once.
#pragma once

#include "libfaas/routing/deadline_rules.hpp"
#include "libfaas/routing/policies/by_site.hpp"
#include "libfaas/routing/policies/min_latency.hpp"

namespace faas::routing {

/// Among the sites that answer in time with the wanted probability
/// (chance_within) the one with the least price of the event's work; between
/// equal prices, and so where there are none, the one where it makes later
/// events wait least, which keeps fast and busy sites free for those that need
/// them. Sites where it would wait long (waits_long) come after all others:
/// what is cheap is not crowded while there is room elsewhere. If no site is
/// sure enough: the likeliest, if its probability is at least `least`, else
/// reason::refused: an error at once costs its caller nothing and the sites no
/// work that comes too late.
///
/// What is refused teaches nothing, and a wrong belief would last. So the
/// likeliest site is tried all the same (reason::explored) when this object has
/// sent it nothing for `retry_ms`, unless the network alone takes too long.
///
/// Events without a deadline (0, or not a number) go as by min-latency; one
/// below 0 has passed.
class meet_deadline final : public policy {
public:
  struct config {
    double share = 0.95; ///< wanted probability of being in time
    double least = 0.7;  ///< refused below
    double patience = usual_patience;
    double retry_ms = 5000;
  };
  explicit meet_deadline(const config& how) : how_(how) {}
  std::string_view name() const noexcept override { return "deadline"; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  pick only(const decision& so_far, const event_features& event, uint8_t index,
            time_point now) noexcept override;
private:
  pick in_time(const decision& so_far, double ms, time_point now) noexcept;
  pick unsure(const decision& so_far, double ms, time_point now) noexcept;
  uint8_t cheapest(const decision& so_far, double ms) const noexcept;

  config how_;
  min_latency usual_;
  by_site<time_point> sent_; ///< last; the epoch: never
};

} // namespace faas::routing
