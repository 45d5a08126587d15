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
/// what is cheap is not crowded while there is room elsewhere.
///
/// If no site is sure enough: the likeliest, or reason::refused: an error at
/// once costs its caller nothing, and the sites no work that comes too late.
/// What a late answer costs is the time of a later event; so the probability
/// that is asked for rises from half of `least` to `least`, as the share of
/// events for which waiting is in the way rises from 1 in 8 to 1 in 4.
///
/// Who is not sent to is not learned of, and a vague or wrong belief would
/// last. So some events are tries (reason::explored): at a site that is only
/// not sure because too little is known of it (without the epistemic variance
/// it would be), if it is preferred or no other is sure; and, where no site is
/// sure, at one that nothing was heard of for `retry_ms` (in that time 32 of
/// these at most). Not where the network alone takes too long.
///
/// Events without a deadline (0, or not a number) go as by min-latency; one
/// below 0 has passed.
class meet_deadline final : public policy {
public:
  struct config {
    double share = 0.95; ///< wanted probability of being in time
    double least = 0.9;  ///< refused below, when it is crowded
    double patience = usual_patience; ///< see waits_long
    double explore = 0.03; ///< share of events that may be tries, at most
    double retry_ms = 5000;
  };
  explicit meet_deadline(const config& how)
    : how_(how), wanted_(score_of(how.share)) {}
  std::string_view name() const noexcept override { return "deadline"; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  pick only(const decision& so_far, const event_features& event, uint8_t index,
            time_point now) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;
  bool foretells() const noexcept override { return true; }
  void ended(const outcome& seen) noexcept override;

private:
  struct preference;

  pick in_time(const decision& so_far, const event_features& event,
               time_point now) noexcept;
  preference preferred(const decision& so_far, uint8_t index, double ms) const
    noexcept;
  uint8_t cheapest(const decision& so_far, double ms) const noexcept;
  bool waiting_is_in_the_way(const decision& so_far, double ms) const noexcept;
  uint8_t worth_a_try(const decision& so_far, double ms, uint8_t sure,
                      time_point now) noexcept;

  config how_;
  double wanted_; ///< score of how_.share
  min_latency usual_;
  /// Share of the last events that no site was sure for because of what else
  /// is there.
  double crowded_ = 0;
  double tokens_ = 0; ///< tries that may be made
  double free_ = max_candidates; ///< those of silent sites, see retry_ms
  time_point filled_{};
  by_site<time_point> heard_; ///< last; the epoch: never
};

} // namespace faas::routing
