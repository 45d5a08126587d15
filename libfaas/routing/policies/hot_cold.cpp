#include "libfaas/routing/policies/hot_cold.hpp"

#include <algorithm>

namespace faas::routing {

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
  const double hot = threshold();
  answer* best = nullptr;
  size_t usable = 0;
  const auto better = [&](const answer& a, const answer& b) {
    const bool a_hot = a.what.in_flight > hot, b_hot = b.what.in_flight > hot;
    if (a_hot != b_hot)
      return b_hot;
    return a_hot ? a.what.in_flight < b.what.in_flight
                 : a.what.latency_ms < b.what.latency_ms;
  };
  for (auto& one : pool_) {
    if (position(one.what.site) == decision::none)
      continue;
    ++usable;
    if (best == nullptr || better(one, *best))
      best = &one;
  }
  if (usable < 2) {
    const auto count = static_cast<uint64_t>(std::popcount(so_far.healthy));
    return {nth_healthy(so_far.healthy, random.below(count)), reason::random,
            1.0 / static_cast<double>(count)};
  }
  const auto chosen = position(best->what.site);
  best->what.in_flight += 1;
  best->used += 1;
  if (best->used > how_.reuse)
    pool_.erase(pool_.begin() + (best - pool_.data()));
  return {chosen, reason::ranked, 1};
}

std::vector<site_index> hot_cold::probes(const decision& made,
                                         random_source& random) {
  constexpr double most = 8;
  owed_ = std::min(owed_ + how_.rate, most);
  std::vector<site_index> all;
  const auto count = static_cast<uint64_t>(std::popcount(made.healthy));
  for (; owed_ >= 1 && count > 0; owed_ -= 1)
    all.push_back(
      made.sites[nth_healthy(made.healthy, random.below(count))]);
  return all;
}

void hot_cold::probed(const probe_reply& seen) noexcept {
  loads_[seen_++ % loads_.size()] = seen.in_flight;
  pool_.push_back({seen});
  if (pool_.size() > 16)
    pool_.erase(pool_.begin());
}

} // namespace faas::routing
