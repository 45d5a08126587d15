#include "libfaas/routing/policies/sticky.hpp"

#include "libfaas/routing/deadline_rules.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace faas::routing {
namespace {

constexpr double wanted = 0.95;

uint8_t position_of(const decision& so_far, site_index site) noexcept {
  auto found = decision::none;
  if (site != no_site)
    each_healthy(so_far, [&](uint8_t at) {
      if (so_far.sites[at] == site)
        found = at;
    });
  return found;
}

/// The finaliser of splitmix64.
uint64_t mixed(uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

} // namespace

uint64_t rendezvous_weight(uint64_t key, site_index site) noexcept {
  return mixed(key ^ mixed(to_int(site) + 0x9e3779b97f4a7c15ull));
}

sticky::sticky(const config& how, std::unique_ptr<policy> over)
  : how_(how), over_(std::move(over)),
    places_(std::bit_ceil(std::max(how.keys, ways))) {}

std::span<const sticky::place> sticky::set_of(uint64_t key) const noexcept {
  const auto first = (mixed(key) & (places_.size() / ways - 1)) * ways;
  return std::span{places_}.subspan(first, ways);
}

uint8_t sticky::known(const decision& so_far, uint64_t key) const noexcept {
  for (const auto& one : set_of(key))
    if (one.key == key && one.site != no_site)
      return position_of(so_far, one.site);
  return decision::none;
}

/// Where its data is, or where the key's last event went, or the first of the
/// key's order.
uint8_t sticky::place_of(const decision& so_far, const event_features& event,
                         uint32_t enough) const noexcept {
  for (const auto at :
       {position_of(so_far, event.home), known(so_far, event.key)})
    if (at != decision::none && (enough >> at & 1) != 0)
      return at;
  return first_in_order(so_far, event.key, enough);
}

/// The key's site first; then by latency, and among sites that are about as
/// fast in the key's own order, so that routers mostly see the same ones.
standing sticky::rank(const prediction& of, site_index site,
                      const event_features& event,
                      random_source& random) const noexcept {
  if (event.key == 0)
    return over_->rank(of, site, event, random);
  if (site == event.home)
    return {-1};
  for (const auto& one : set_of(event.key))
    if (one.key == event.key && one.site == site)
      return {-1};
  const auto late = static_cast<double>(~rendezvous_weight(event.key, site))
                    * 0x1p-64;
  return {(of.total + how_.slack_ms) * (1 + (how_.factor - 1) * late)};
}

void sticky::remember(uint64_t key, site_index site) noexcept {
  auto* set
    = places_.data() + (mixed(key) & (places_.size() / ways - 1)) * ways;
  auto* to = set;
  for (auto* one = set; one != set + ways; ++one) {
    if (one->key == key && one->site != no_site) {
      to = one;
      break;
    }
    const auto age = [&](const place& p) {
      return p.site == no_site ? ~uint32_t{0} : uses_ - p.used;
    };
    if (age(*one) > age(*to))
      to = one;
  }
  *to = {key, site, uses_++};
}

/// Bits of the sites that are fast enough.
uint32_t sticky::good(const decision& so_far,
                      const event_features& event) const noexcept {
  const auto best = best_of(so_far);
  const double most
    = how_.factor * so_far.parts[best].total + how_.slack_ms;
  const double ms = event.deadline_ms;
  const bool timed
    = ms > 0 && can_promise(so_far, ms, wanted);
  uint32_t all = 0;
  each_healthy(so_far, [&](uint8_t i) {
    const auto& p = so_far.parts[i];
    if (p.total <= most && (!timed || chance_within(p, ms) >= wanted))
      all |= uint32_t{1} << i;
  });
  return all;
}

uint8_t sticky::first_in_order(const decision& so_far, uint64_t key,
                               uint32_t among) const noexcept {
  double here = 1, servers = 0;
  each_healthy(so_far, [&](uint8_t i) {
    here += so_far.parts[i].in_flight;
    servers += so_far.parts[i].servers;
  });
  auto found = decision::none;
  uint64_t highest = 0;
  for (auto left = among; left != 0; left &= left - 1) {
    const auto i = static_cast<uint8_t>(std::countr_zero(left));
    const auto& p = so_far.parts[i];
    const double share = std::ceil(how_.bound * here * p.servers / servers);
    if (p.in_flight + 1 > share)
      continue;
    const auto weight = rendezvous_weight(key, so_far.sites[i]);
    if (found == decision::none || weight > highest) {
      found = i;
      highest = weight;
    }
  }
  return found;
}

pick sticky::choose(const decision& so_far, const event_features& event,
                    random_source& random, time_point now) noexcept {
  if (event.key == 0)
    return over_->choose(so_far, event, random, now);
  auto made
    = pick{place_of(so_far, event, good(so_far, event)), reason::sticky, 1};
  if (made.chosen == decision::none)
    made = over_->choose(so_far, event, random, now);
  if (made.chosen != decision::none)
    remember(event.key, so_far.sites[made.chosen]);
  return made;
}

pick sticky::only(const decision& so_far, const event_features& event,
                  uint8_t index, time_point now) noexcept {
  const auto made = over_->only(so_far, event, index, now);
  if (event.key != 0 && made.chosen != decision::none)
    remember(event.key, so_far.sites[made.chosen]);
  return made;
}

} // namespace faas::routing
