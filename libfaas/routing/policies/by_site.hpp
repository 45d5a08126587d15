// What a policy keeps of each site.
#pragma once

#include "libfaas/routing/decision.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <vector>

namespace faas::routing {

/// A value for each site that was seen; allocates where a site is new. With
/// more sites than a predictor knows, which cannot be, the last one's place is
/// shared. Not thread safe. References hold until the next new site.
template <class T>
class by_site {
public:
  explicit by_site(const T& fresh = {}) : fresh_(fresh) {}

  /// Made when new.
  T& operator[](site_index site) noexcept {
    const auto at = std::min<size_t>(to_int(site), most - 1);
    if (at >= place_.size())
      place_.resize(at + 1, none);
    if (place_[at] == none) {
      place_[at] = static_cast<uint16_t>(all_.size());
      all_.push_back(fresh_);
    }
    return all_[place_[at]];
  }

  const T* find(site_index site) const noexcept {
    const auto at = std::min<size_t>(to_int(site), most - 1);
    return at < place_.size() && place_[at] != none ? &all_[place_[at]]
                                                    : nullptr;
  }
  /// Of all sites that were seen.
  std::span<const T> all() const noexcept { return all_; }
  /// That of the site, or a fresh one.
  const T& get(site_index site) const noexcept {
    const auto* known = find(site);
    return known != nullptr ? *known : fresh_;
  }

private:
  static constexpr size_t most = 1024;
  static constexpr uint16_t none = ~uint16_t{0};

  T fresh_;
  std::vector<T> all_;
  std::vector<uint16_t> place_; ///< by site index
};

inline constexpr double first_failure_ms = 10'000;

/// What a failed event counts as, ms: a site that fails fast is no fast site. No
/// less than is usual there or, where none was answered, at the slowest of the
/// other sites; where none has answered at all, 10 s. `usual(T)`: ms, 0 or less
/// where nothing is.
template <class T, class Usual>
double failed_ms(double total_ms, const T& there, const by_site<T>& sites,
                 Usual usual) {
  double least = std::max(0.0, usual(there));
  if (least == 0)
    for (const auto& other : sites.all())
      least = std::max(least, usual(other));
  if (least == 0)
    least = first_failure_ms;
  return std::max(total_ms, least);
}

/// Calls `use` with the position of each healthy candidate, rising.
template <class Use>
void each_healthy(const decision& among, Use use) {
  for (auto left = among.healthy; left != 0; left &= left - 1)
    use(static_cast<uint8_t>(std::countr_zero(left)));
}

/// Position of the k-th healthy candidate, from 0.
inline uint8_t nth_healthy(uint32_t healthy, uint64_t k) noexcept {
  for (; k > 0; --k)
    healthy &= healthy - 1;
  return static_cast<uint8_t>(std::countr_zero(healthy));
}

/// The healthy candidate with the least score, ties by site index.
template <class Score>
uint8_t least_by(const decision& among, Score score) {
  auto found = decision::none;
  double least = 0;
  each_healthy(among, [&](uint8_t i) {
    const double value = score(i);
    if (found == decision::none || value < least
        || (value == least && among.sites[i] < among.sites[found])) {
      found = i;
      least = value;
    }
  });
  return found;
}

/// Two different healthy candidates drawn at random.
inline std::array<uint8_t, 2> draw_two(const decision& among,
                                       random_source& random) noexcept {
  const auto count = static_cast<uint64_t>(std::popcount(among.healthy));
  const auto a = random.below(count);
  auto b = random.below(count - 1);
  b += b >= a;
  return {nth_healthy(among.healthy, a), nth_healthy(among.healthy, b)};
}

/// The better of two drawn (Mitzenmacher 2001), with the probability that a
/// draw comes to that one. Equal scores: the first drawn.
template <class Score>
pick better_of(std::array<uint8_t, 2> two, const decision& among, Score score) {
  const auto chosen = score(two[1]) < score(two[0]) ? two[1] : two[0];
  const double own = score(chosen);
  double pairs = 0;
  each_healthy(among, [&](uint8_t i) {
    if (i == chosen)
      return;
    const double other = score(i);
    pairs += other > own ? 1 : other == own ? 0.5 : 0;
  });
  const auto n = static_cast<double>(std::popcount(among.healthy));
  return {chosen, reason::ranked, pairs / (n * (n - 1) / 2)};
}

/// `best`, or with probability `share` any of the healthy ones instead.
inline pick now_and_then_another(const decision& among, uint8_t best,
                                 double share,
                                 random_source& random) noexcept {
  const auto n = static_cast<double>(std::popcount(among.healthy));
  if (share <= 0)
    return {best, reason::ranked, 1};
  auto chosen = best;
  if (random.uniform() < share)
    chosen = nth_healthy(among.healthy, random.below(static_cast<uint64_t>(n)));
  return chosen == best ? pick{best, reason::ranked, 1 - share + share / n}
                        : pick{chosen, reason::explored, share / n};
}

} // namespace faas::routing
