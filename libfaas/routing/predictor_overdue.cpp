// What the predictor makes of events that are not back yet.
#include "libfaas/routing/predictor_impl.hpp"

#include <algorithm>

namespace faas::routing {

void predictor::impl::watch(pair_state& pair, uint32_t function,
                            uint32_t site) {
  if (pair.watched)
    return;
  pair.watched = true;
  watched.emplace_back(site, function);
}

void predictor::impl::note_late(const in_flight_event& event,
                                time_point now) {
  const auto f = to_int(event.function), s = to_int(event.site);
  auto* pair
    = known(event.function) && known(event.site) ? find(f, s) : nullptr;
  if (!pair || !plausible_ms(event.age_ms) || !(event.predicted_ms > 0)
      || !(event.predicted_sd > 0) || !(event.age_ms > event.predicted_ms))
    return;
  // One that was sent later is back in time: it is this event, not the site.
  const auto sent = now - from_ms(event.age_ms);
  if (sent < sites[s].fine_sent || pair->had_to_wait(sent))
    return;
  // Against what is believed now: what other events have told since it was
  // sent is not counted twice.
  const double service
    = pair->filter.at(event.size, sites[s].filter).ms;
  const double due = std::max(event.predicted_ms, service);
  const double z = (event.age_ms - due) / event.predicted_sd;
  const auto& limits = config.service.change;
  const double evidence = std::min(z, limits.clip) - limits.slack;
  if (!(evidence > 0))
    return;
  pair->late += evidence;
  ++pair->late_events;
  if (z > late_sigmas)
    pair->late_ms = std::max(pair->late_ms, event.age_ms - due);
  watch(*pair, f, s);
}

/// True while there is something to settle at the next tick.
bool predictor::impl::settle(pair_state& pair, pair_key key, time_point now) {
  if (pair.late_events == 1) // alone: it may be an outlier
    pair.late_ms *= sites[key.first].filter.odds.step();
  if (pair.late > 0)
    pair.filter.observe_late(pair.late, sites[key.first].filter,
                             config.service);
  const bool expired = pair.doubt > 0 && now >= pair.doubt_until;
  if (expired)
    pair.doubt = 0;
  if (expired || pair.late > 0 || pair.late_ms != pair.overdue_ms)
    mark(pair, key.second, key.first);
  pair.overdue_ms = pair.late_ms;
  pair.late = pair.late_ms = 0;
  pair.late_events = 0;
  pair.watched = pair.overdue_ms > 0 || pair.doubt > 0;
  return pair.watched;
}

void predictor::tick(std::span<const in_flight_event> events, time_point now) {
  auto& my = *impl_;
  if (my.config.overdue)
    for (const auto& event : events)
      my.note_late(event, now);
  for (auto& site : my.sites)
    site.filter.advance(now, my.config.service);
  for (auto& link : my.links)
    link.filter.advance(now);
  std::erase_if(my.watched, [&](const impl::pair_key& key) {
    auto* pair = my.find(key.second, key.first);
    return !pair || !my.settle(*pair, key, now);
  });
}

} // namespace faas::routing
