#include "libfaas/routing/policies/meet_deadline.hpp"

#include <algorithm>
#include <compare>

namespace faas::routing {
namespace {

constexpr double most_tokens = 2;
constexpr double crowded_weight = 0.02; ///< of the newest event
constexpr double crowded_share = 0.25;  ///< of events from which on all counts

bool has_deadline(double ms) noexcept {
  return ms > 0 || ms < 0; // neither 0 nor NaN
}

/// Without what is not known of the site itself.
prediction as_if_known(prediction p) noexcept {
  p.variance = std::max(p.variance - p.epistemic, 0.0);
  return p;
}

} // namespace

/// The order in which sites are preferred.
struct meet_deadline::preference {
  bool crowded;
  double price, imposed, total;
  uint32_t site;
  auto operator<=>(const preference&) const = default;
};

meet_deadline::preference
meet_deadline::preferred(const decision& so_far, uint8_t index,
                    double ms) const noexcept {
  const auto& p = so_far.parts[index];
  return {waits_long(p, ms, how_.patience), p.price, p.imposed, p.total,
          to_int(so_far.sites[index])};
}

/// Of those that are in time.
uint8_t meet_deadline::cheapest(const decision& so_far,
                                double ms) const noexcept {
  auto found = decision::none;
  each_healthy(so_far, [&](uint8_t i) {
    const bool sure = score_within(so_far.parts[i], ms) >= wanted_;
    if (sure
        && (found == decision::none
            || preferred(so_far, i, ms) < preferred(so_far, found, ms)))
      found = i;
  });
  return found;
}

/// Some site would be in time if nothing else were there.
bool meet_deadline::waiting_is_in_the_way(const decision& so_far,
                                          double ms) const noexcept {
  bool found = false;
  each_healthy(so_far, [&](uint8_t i) {
    auto p = so_far.parts[i];
    p.total -= p.queue + p.overdue;
    found = found || score_within(p, ms) >= wanted_;
  });
  return found;
}

/// `sure`: that would be chosen, or none. The most preferred one.
uint8_t meet_deadline::worth_a_try(const decision& so_far, double ms,
                                   uint8_t sure, time_point now) noexcept {
  if (sure != decision::none && tokens_ < 1)
    return decision::none;
  constexpr double most_free = max_candidates;
  free_ = std::min(free_ + most_free * to_ms(now - filled_)
                             / std::max(how_.retry_ms, 1.0),
                   most_free);
  filled_ = now;
  auto found = decision::none;
  bool free = false; // costs no token
  each_healthy(so_far, [&](uint8_t i) {
    const auto& p = so_far.parts[i];
    if (!(p.network < ms) || score_within(p, ms) >= wanted_)
      return;
    const auto* last = heard_.find(so_far.sites[i]);
    const bool silent
      = free_ >= 1 && (!last || to_ms(now - *last) >= how_.retry_ms);
    const bool hopeful = score_within(as_if_known(p), ms) >= wanted_;
    const bool better
      = found == decision::none
        || preferred(so_far, i, ms) < preferred(so_far, found, ms);
    const bool wanted
      = sure == decision::none
          ? silent || (hopeful && tokens_ >= 1)
          : hopeful && tokens_ >= 1
              && preferred(so_far, i, ms) < preferred(so_far, sure, ms);
    if (!wanted || !better)
      return;
    found = i;
    free = sure == decision::none && silent;
  });
  if (found != decision::none)
    (free ? free_ : tokens_) -= 1;
  return found;
}

pick meet_deadline::in_time(const decision& so_far, const event_features& event,
                            time_point now) noexcept {
  const double ms = event.deadline_ms;
  const auto sure = cheapest(so_far, ms);
  const bool waits
    = sure == decision::none && waiting_is_in_the_way(so_far, ms);
  crowded_ += crowded_weight * (waits - crowded_);
  if (event.may_explore) {
    tokens_ = std::min(tokens_ + how_.explore, most_tokens);
    const auto other = worth_a_try(so_far, ms, sure, now);
    if (other != decision::none) {
      heard_[so_far.sites[other]] = now; // not the next one, too
      return {other, reason::explored, 1};
    }
  }
  if (sure != decision::none)
    return {sure, reason::cheapest, 1};
  const auto best = likeliest_within(so_far, ms);
  const double least
    = how_.least * std::clamp(crowded_ / crowded_share, 0.5, 1.0);
  if (best.chance > 0 && best.chance >= least)
    return {best.index, reason::likeliest, 1};
  return {decision::none, reason::refused, 1};
}

/// As choose() goes: the cheapest of those that are in time, then those that
/// are crowded, then the likeliest.
standing meet_deadline::rank(const prediction& of, site_index site,
                             const event_features& event,
                             random_source& random) const noexcept {
  // Prices and waits are far below these.
  constexpr double crowded = 1e6, not_sure = 1e12, last_key = 1e-6;
  const double ms = event.deadline_ms;
  if (!has_deadline(ms))
    return usual_.rank(of, site, event, random);
  const double score = score_within(of, ms);
  if (!(score >= wanted_))
    return {not_sure, -score};
  return {of.price + (waits_long(of, ms, how_.patience) ? crowded : 0),
          of.imposed + last_key * of.total};
}

pick meet_deadline::choose(const decision& so_far, const event_features& event,
                           random_source& random, time_point now) noexcept {
  return has_deadline(event.deadline_ms)
           ? in_time(so_far, event, now)
           : usual_.choose(so_far, event, random, now);
}

pick meet_deadline::only(const decision& so_far, const event_features& event,
                         uint8_t index, time_point now) noexcept {
  if (!has_deadline(event.deadline_ms))
    return {index, reason::only_candidate, 1};
  auto made = in_time(so_far, event, now);
  if (made.why == reason::cheapest)
    made.why = reason::only_candidate;
  return made;
}

void meet_deadline::ended(const outcome& seen) noexcept {
  heard_[seen.site] = seen.at;
}

} // namespace faas::routing
