#include "libfaas/routing/foretold.hpp"

#include "libfaas/routing/shortlist.hpp"

#include <bit>
#include <numeric>
#include <vector>

namespace faas::routing {
namespace {

/// Those that a decision looks at, rising.
std::vector<uint32_t> looked_at(std::span<const candidate> all,
                                const event_features& event,
                                const policy& rule, random_source& random,
                                time_point now) {
  std::vector<uint32_t> positions(all.size());
  std::iota(positions.begin(), positions.end(), 0);
  if (all.size() <= max_candidates)
    return positions;
  shortlist some{event, rule, random, now, all.size()};
  for (const auto i : positions)
    some.offer(all[i], i);
  const auto few = some.finish();
  positions.assign(few.begin(), few.end());
  return positions;
}

uint8_t first_ranked(const decision& made, const event_features& event,
                     const policy& rule, random_source& random) {
  auto first = decision::none;
  standing least;
  for (auto left = made.healthy; left != 0; left &= left - 1) {
    const auto i = static_cast<uint8_t>(std::countr_zero(left));
    const auto rank = rule.rank(made.parts[i], made.sites[i], event, random);
    if (first == decision::none || rank < least) {
      first = i;
      least = rank;
    }
  }
  return first;
}

size_t choose(std::span<const candidate> few, const event_features& event,
              policy& rule, random_source& random, time_point now) {
  const auto made = decide(few, event, rule, random, now);
  if (!made)
    return foretold::none;
  return made.propensity < 1 ? first_ranked(made, event, rule, random)
                             : made.chosen;
}

} // namespace

foretold foretell(std::span<const candidate> all, event_features event,
                  policy& rule, time_point now) {
  random_source random{1}; // only for who else is on a shortlist
  event.may_explore = false;
  const auto positions = looked_at(all, event, rule, random, now);
  std::vector<candidate> few;
  for (const auto i : positions)
    few.push_back(all[i]);
  foretold made;
  const auto best = choose(few, event, rule, random, now);
  if (best == foretold::none)
    return made;
  made.best = positions[best];
  few[best].healthy = false;
  if (const auto next = choose(few, event, rule, random, now);
      next != foretold::none)
    made.runner_up = positions[next];
  return made;
}

} // namespace faas::routing
