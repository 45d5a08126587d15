#include "libfaas/routing/policies/counting.hpp"

namespace faas::routing {
namespace {

double load(const prediction& of) noexcept {
  return of.in_flight / of.servers;
}

} // namespace

pick two_choices::choose(const decision& so_far, const event_features&,
                         random_source& random, time_point) noexcept {
  return better_of(draw_two(so_far, random), so_far,
                   [&](uint8_t i) { return load(so_far.parts[i]); });
}

standing two_choices::rank(const prediction&, site_index, const event_features&,
                           random_source& random) const noexcept {
  return {random.uniform()};
}

pick shortest_queue::choose(const decision& so_far, const event_features&,
                            random_source& random, time_point) noexcept {
  const auto score = [&](uint8_t i) { return load(so_far.parts[i]); };
  const double least = score(least_by(so_far, score));
  uint32_t equal = 0;
  each_healthy(so_far, [&](uint8_t i) {
    if (score(i) == least)
      equal |= uint32_t{1} << i;
  });
  const auto count = static_cast<uint64_t>(std::popcount(equal));
  return {nth_healthy(equal, random.below(count)), reason::ranked,
          1.0 / static_cast<double>(count)};
}

standing shortest_queue::rank(const prediction& of, site_index,
                              const event_features&,
                              random_source& random) const noexcept {
  return {load(of), random.uniform()};
}

} // namespace faas::routing
