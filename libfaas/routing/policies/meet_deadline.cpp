#include "libfaas/routing/policies/meet_deadline.hpp"

#include <compare>

namespace faas::routing {

namespace {

/// In the order in which sites are preferred; of those that are in time.
struct preference {
  bool crowded;
  double price, imposed, total;
  uint32_t site;
  auto operator<=>(const preference&) const = default;
};

bool has_deadline(double ms) noexcept {
  return ms > 0 || ms < 0; // neither 0 nor NaN
}

} // namespace

uint8_t meet_deadline::cheapest(const decision& so_far,
                                double ms) const noexcept {
  auto found = decision::none;
  preference best{};
  each_healthy(so_far, [&](uint8_t i) {
    const auto& p = so_far.parts[i];
    if (!(chance_within(p, ms) >= how_.share))
      return;
    const preference one{waits_long(p, ms, how_.patience), p.price, p.imposed,
                         p.total, to_int(so_far.sites[i])};
    if (found == decision::none || one < best) {
      found = i;
      best = one;
    }
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
  const double ms = event.deadline_ms;
  if (has_deadline(ms))
    return in_time(so_far, ms, now);
  const auto made = usual_.choose(so_far, event, random, now);
  if (made.chosen != decision::none)
    sent_[so_far.sites[made.chosen]] = now;
  return made;
}

pick meet_deadline::only(const decision& so_far, const event_features& event,
                         uint8_t index, time_point now) noexcept {
  const double ms = event.deadline_ms;
  auto made = has_deadline(ms) ? in_time(so_far, ms, now)
                      : pick{index, reason::only_candidate, 1};
  if (made.why == reason::cheapest)
    made.why = reason::only_candidate;
  return made;
}

} // namespace faas::routing
