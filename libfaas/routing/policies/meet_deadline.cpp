#include "libfaas/routing/policies/meet_deadline.hpp"

#include "libfaas/routing/deadline_rules.hpp"

namespace faas::routing {

double meet_deadline::limit_ms(const event_features& event) const noexcept {
  const double own = event.deadline_ms;
  const bool has = own > 0 || own < 0; // neither 0 nor NaN
  if (how_.within_ms > 0 && (!has || own > how_.within_ms))
    return how_.within_ms;
  return has ? own : 0;
}

uint8_t meet_deadline::cheapest(const decision& so_far,
                                double ms) const noexcept {
  auto found = decision::none;
  const auto extra = [&](const prediction& p) {
    return p.imposed + how_.own * p.total;
  };
  each_healthy(so_far, [&](uint8_t i) {
    const auto& p = so_far.parts[i];
    if (!(chance_within(p, ms) >= how_.share))
      return;
    if (found == decision::none) {
      found = i;
      return;
    }
    const auto& best = so_far.parts[found];
    const bool better
      = p.price != best.price     ? p.price < best.price
        : extra(p) != extra(best) ? extra(p) < extra(best)
        : p.total != best.total   ? p.total < best.total
                                  : so_far.sites[i] < so_far.sites[found];
    if (better)
      found = i;
  });
  return found;
}

pick meet_deadline::unsure(const decision& so_far, double ms,
                           time_point now) noexcept {
  const auto best = likeliest_within(so_far, ms);
  if (best.index == decision::none)
    return {};
  if (best.chance >= how_.least && best.chance > 0)
    return {best.index, reason::likeliest, 1};
  // Not those that are out of reach: ms is below their network's mean.
  auto tried = decision::none;
  double least = 0;
  each_healthy(so_far, [&](uint8_t i) {
    const auto& p = so_far.parts[i];
    const auto* last = sent_.find(so_far.sites[i]);
    const bool quiet = !last || to_ms(now - *last) >= how_.retry_ms;
    if (quiet && ms > 0 && p.network < ms
        && (tried == decision::none || p.total < least)) {
      tried = i;
      least = p.total;
    }
  });
  if (tried != decision::none)
    return {tried, reason::explored, 1};
  return {decision::none, reason::refused, 1};
}

pick meet_deadline::in_time(const decision& so_far, double ms,
                            time_point now) noexcept {
  const auto found = cheapest(so_far, ms);
  const auto made = found != decision::none
                      ? pick{found, reason::cheapest, 1}
                      : unsure(so_far, ms, now);
  if (made.chosen != decision::none)
    sent_[so_far.sites[made.chosen]] = now;
  return made;
}

pick meet_deadline::choose(const decision& so_far, const event_features& event,
                           random_source& random, time_point now) noexcept {
  const double ms = limit_ms(event);
  if (ms != 0)
    return in_time(so_far, ms, now);
  const auto made = usual_.choose(so_far, event, random, now);
  if (made.chosen != decision::none)
    sent_[so_far.sites[made.chosen]] = now;
  return made;
}

pick meet_deadline::only(const decision& so_far, const event_features& event,
                         uint8_t index, time_point now) noexcept {
  const double ms = limit_ms(event);
  auto made = ms != 0 ? in_time(so_far, ms, now)
                      : pick{index, reason::only_candidate, 1};
  if (made.why == reason::cheapest)
    made.why = reason::only_candidate;
  return made;
}

} // namespace faas::routing
