#include "libfaas/routing/policies/min_latency.hpp"

#include "libfaas/routing/policies/by_site.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace faas::routing {
namespace {

constexpr double too_unlikely = 9; ///< 3 standard deviations, squared
constexpr double tail_step = 0.05;

double p95(const prediction& p) noexcept {
  return p.total + 1.645 * std::sqrt(p.variance);
}

} // namespace

/// What exploring is reckoned to cost: what is expected, and far beyond the tail
/// what may well be, since it would make a new tail. Functions that are called
/// seldom have no other way to learn, and no tail to speak of.
double min_latency::price(const prediction& other,
                          const prediction& best) const noexcept {
  constexpr double near_tail = 1.25, seldom_ms = 2000;
  const double slow = p95(other);
  const bool mild = slow <= near_tail * tail_ms_ || between_ms_ > seldom_ms;
  return (mild ? other.total : slow) - best.total;
}

bool min_latency::affordable(const prediction& other, const prediction& best,
                             const event_features& event) const noexcept {
  const double slow = p95(other);
  if (event.deadline_ms > 0 && slow > event.deadline_ms)
    return false;
  return slow <= tail_ms_ || price(other, best) <= regret_ms_;
}

uint8_t min_latency::challenger(const decision& so_far,
                                const event_features& event,
                                uint8_t best) const noexcept {
  const auto& first = so_far.parts[best];
  auto found = decision::none;
  double least = too_unlikely;
  for (auto left = so_far.healthy; left != 0; left &= left - 1) {
    const auto i = static_cast<uint8_t>(std::countr_zero(left));
    if (i == best)
      continue;
    const auto& other = so_far.parts[i];
    const double gap = other.total - first.total;
    const double distance = gap * gap / (other.epistemic + first.epistemic);
    const bool nearer = distance < least
                        || (distance == least && found != decision::none
                            && so_far.sites[i] < so_far.sites[found]);
    if (nearer && affordable(other, first, event)) {
      least = distance;
      found = i;
    }
  }
  return found;
}

void min_latency::served(const prediction& chosen) noexcept {
  if (tail_ms_ == 0)
    tail_ms_ = chosen.total;
  const double step = tail_step * tail_ms_;
  tail_ms_ += chosen.total > tail_ms_ ? step * bounds_.tail
                                      : -step * (1 - bounds_.tail);
  const double most = 100 * tail_ms_;
  regret_ms_ = std::min(regret_ms_ + bounds_.regret_share * chosen.total, most);
}

pick min_latency::nearly_best(const decision& so_far, uint8_t best,
                              random_source& random) const noexcept {
  if (bounds_.near <= 0)
    return {best, reason::best, 1};
  const double bound = so_far.parts[best].total * (1 + bounds_.near);
  uint32_t near = 0;
  each_healthy(so_far, [&](uint8_t i) {
    if (so_far.parts[i].total <= bound)
      near |= uint32_t{1} << i;
  });
  const auto count = static_cast<uint64_t>(std::popcount(near));
  return {nth_healthy(near, random.below(count)), reason::best,
          1.0 / static_cast<double>(count)};
}

standing min_latency::rank(const prediction& of, site_index,
                           const event_features&,
                           random_source&) const noexcept {
  return {of.total + bounds_.social * of.imposed};
}

pick min_latency::choose(const decision& so_far, const event_features& event,
                         random_source& random, time_point now) noexcept {
  if (last_ != time_point{})
    between_ms_ += 0.05 * (to_ms(now - last_) - between_ms_);
  last_ = now;
  const double social = bounds_.social;
  const auto best = social > 0
                      ? least_by(so_far,
                                 [&](uint8_t i) {
                                   const auto& p = so_far.parts[i];
                                   return p.total + social * p.imposed;
                                 })
                      : best_of(so_far);
  const auto& first = so_far.parts[best];
  served(first);
  tokens_ = std::min(tokens_ + bounds_.share, bounds_.burst);
  if (!event.may_explore || tokens_ < 1)
    return nearly_best(so_far, best, random);
  const auto other = challenger(so_far, event, best);
  if (other == decision::none)
    return nearly_best(so_far, best, random);
  const auto& second = so_far.parts[other];
  const double gap = second.total - first.total;
  const double spread = second.epistemic + first.epistemic;
  const double better = 0.5 * std::erfc(gap / std::sqrt(2 * spread));
  if (random.uniform() >= better) {
    auto usual = nearly_best(so_far, best, random);
    usual.propensity *= 1 - better;
    if (usual.chosen == other)
      usual.propensity += better;
    return usual;
  }
  tokens_ -= 1;
  if (p95(second) > tail_ms_)
    regret_ms_ = std::max(0.0, regret_ms_ - price(second, first));
  return {other, reason::explored, better};
}

} // namespace faas::routing
