#include "libfaas/routing/policies/plain.hpp"

#include "libfaas/routing/policies/by_site.hpp"

namespace faas::routing {

pick static_site::choose(const decision& so_far, const event_features&,
                         random_source&, time_point) noexcept {
  for (auto left = so_far.healthy; left != 0; left &= left - 1) {
    const auto i = static_cast<uint8_t>(std::countr_zero(left));
    if (so_far.sites[i] == site_)
      return {i, reason::fixed, 1};
  }
  if (!fall_back_)
    return {};
  return {best_of(so_far), reason::fallback, 1};
}

pick static_site::only(const decision& so_far, const event_features&,
                       uint8_t index, time_point) noexcept {
  if (so_far.sites[index] == site_)
    return {index, reason::fixed, 1};
  return fall_back_ ? pick{index, reason::fallback, 1} : pick{};
}

standing static_site::rank(const prediction& of, site_index site,
                           const event_features&,
                           random_source&) const noexcept {
  return {site == site_ ? -1 : of.total};
}

pick random_choice::choose(const decision& so_far, const event_features&,
                           random_source& random, time_point) noexcept {
  const auto count = static_cast<uint64_t>(std::popcount(so_far.healthy));
  return {nth_healthy(so_far.healthy, random.below(count)), reason::random,
          1.0 / static_cast<double>(count)};
}

standing random_choice::rank(const prediction&, site_index,
                             const event_features&,
                             random_source& random) const noexcept {
  return {random.uniform()};
}

pick round_robin::choose(const decision& so_far, const event_features&,
                         random_source&, time_point) noexcept {
  auto lowest = decision::none;
  auto next = decision::none; // lowest site above the last one
  for (auto left = so_far.healthy; left != 0; left &= left - 1) {
    const auto i = static_cast<uint8_t>(std::countr_zero(left));
    const auto below = [&](uint8_t j) {
      return j == decision::none || so_far.sites[i] < so_far.sites[j];
    };
    if (below(lowest))
      lowest = i;
    if (last_ != no_site && so_far.sites[i] > last_ && below(next))
      next = i;
  }
  const auto chosen = next != decision::none ? next : lowest;
  last_ = so_far.sites[chosen];
  return {chosen, reason::round_robin, 1};
}

/// How far it is to go from the last one; from the lowest site at first.
standing round_robin::rank(const prediction&, site_index site,
                           const event_features&,
                           random_source&) const noexcept {
  return {static_cast<double>(to_int(site) - (to_int(last_) + 1))};
}

} // namespace faas::routing
