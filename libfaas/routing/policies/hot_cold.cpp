#include "libfaas/routing/policies/hot_cold.hpp"

#include <algorithm>
#include <cmath>

namespace faas::routing {
namespace {

/// The hot-cold lexicographic rule.
bool better(const probe_reply& a, const probe_reply& b, double hot) noexcept {
  const bool a_hot = a.in_flight > hot, b_hot = b.in_flight > hot;
  if (a_hot != b_hot)
    return b_hot;
  return a_hot ? a.in_flight < b.in_flight : a.latency_ms < b.latency_ms;
}

} // namespace

double hot_cold::threshold() const noexcept {
  auto sorted = loads_;
  const auto count = std::min(seen_, sorted.size());
  if (count == 0)
    return 0;
  const auto at = std::min(
    static_cast<size_t>(how_.quantile * static_cast<double>(count)), count - 1);
  const auto first = sorted.begin();
  std::nth_element(first, first + static_cast<ptrdiff_t>(at),
                   first + static_cast<ptrdiff_t>(count));
  return sorted[at];
}

double hot_cold::uses(double sites, random_source& random) const noexcept {
  constexpr double most = 16;
  const double size = static_cast<double>(size_);
  const double gained = (1 - size / sites) * how_.rate - how_.removal;
  const double wanted
    = gained > 0 ? std::clamp((1 + how_.delta) / gained, 1.0, most) : most;
  return std::floor(wanted + random.uniform());
}

void hot_cold::resize(size_t sites) noexcept {
  size_ = std::clamp<size_t>(sites / 4, 2, most_answers);
  if (pool_.size() > size_)
    pool_.erase(pool_.begin(), pool_.end() - static_cast<ptrdiff_t>(size_));
}

void hot_cold::remove_one() noexcept {
  auto leaves = pool_.begin();
  if (remove_worst_) {
    const double hot = threshold();
    leaves = std::max_element(pool_.begin(), pool_.end(),
                              [&](const answer& a, const answer& b) {
                                return better(a.what, b.what, hot);
                              });
  }
  pool_.erase(leaves);
  remove_worst_ = !remove_worst_;
}

pick hot_cold::choose(const decision& so_far, const event_features&,
                      random_source& random, time_point now) noexcept {
  std::erase_if(pool_, [&](const answer& one) {
    return to_ms(now - one.what.at) > how_.age_ms;
  });
  const auto position = [&](site_index site) {
    auto found = decision::none;
    each_healthy(so_far, [&](uint8_t i) {
      if (so_far.sites[i] == site)
        found = i;
    });
    return found;
  };
  const auto count = static_cast<uint64_t>(std::popcount(so_far.healthy));
  resize(so_far.count);
  const double hot = threshold();
  answer* best = nullptr;
  size_t usable = 0;
  for (auto& one : pool_) {
    if (position(one.what.site) == decision::none)
      continue;
    ++usable;
    if (best == nullptr || better(one.what, best->what, hot))
      best = &one;
  }
  if (usable < 2)
    return {nth_healthy(so_far.healthy, random.below(count)), reason::random,
            1.0 / static_cast<double>(count)};
  const auto chosen = position(best->what.site);
  best->what.in_flight += 1;
  best->used += 1;
  if (best->used >= uses(so_far.count, random))
    pool_.erase(pool_.begin() + (best - pool_.data()));
  for (to_remove_ += how_.removal; to_remove_ >= 1; to_remove_ -= 1)
    if (pool_.size() > 2)
      remove_one();
  return {chosen, reason::ranked, 1};
}

/// Of whom there is an answer, and any others to be probed.
standing hot_cold::rank(const prediction&, site_index site,
                        const event_features&,
                        random_source& random) const noexcept {
  for (const auto& one : pool_)
    if (one.what.site == site)
      return {-1};
  return {random.uniform()};
}

std::vector<site_index> hot_cold::probes(const decision& made,
                                         random_source& random) {
  constexpr double most = 8;
  owed_ = std::min(owed_ + how_.rate, most);
  std::vector<site_index> all;
  auto left = made.healthy;
  for (; owed_ >= 1 && left != 0; owed_ -= 1) {
    const auto count = static_cast<uint64_t>(std::popcount(left));
    const auto site = nth_healthy(left, random.below(count));
    left &= ~(uint32_t{1} << site);
    all.push_back(made.sites[site]);
  }
  return all;
}

void hot_cold::probed(const probe_reply& seen) noexcept {
  loads_[seen_++ % loads_.size()] = seen.in_flight;
  std::erase_if(pool_, [&](const answer& one) {
    return one.what.site == seen.site;
  });
  if (pool_.size() == size_)
    pool_.erase(pool_.begin());
  pool_.push_back({seen});
}

} // namespace faas::routing
