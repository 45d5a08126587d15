#include "libfaas/sim/outlook.hpp"

#include <algorithm>

namespace faas::sim {

bool outlook::look(const draw& event, double now) {
  const auto& there = on_.there;
  uint32_t taken = 0; // the first that is taken to be there
  while (taken < expected_.size() && !there.seen(taken))
    ++taken;
  if (taken == expected_.size())
    return false;
  best_ = taken;
  bool silent = false;
  for (uint32_t i = 0; i < expected_.size(); ++i) {
    const bool up = there.up(i, now);
    expected_[i] = up ? on_.sites[i].expect(event, now, knowledge::draws)
                      : never;
    silent = silent || (!up && there.seen(i));
    if (expected_[i] < expected_[best_])
      best_ = i;
  }
  if (silent && expected_[best_] < never)
    for (uint32_t i = 0; i < expected_.size(); ++i)
      if (there.seen(i) && expected_[i] == never)
        expected_[i] = expected_[best_] + there.silence_ms(i) / 2;
  return true;
}

uint32_t outlook::informed_best(const draw& event, double now,
                                const foresight* minds) const {
  double least = never;
  auto found = best_;
  for (uint32_t i = 0; i < expected_.size(); ++i) {
    if (!on_.there.up(i, now))
      continue;
    auto ms = on_.sites[i].expect(event, now, knowledge::laws);
    if (minds != nullptr)
      ms += minds->imposed_ms(on_.sites[i], event, now)
            - minds->spared_ms(on_.sites[i], event, now);
    if (ms < least) {
      least = ms;
      found = i;
    }
  }
  return found;
}

} // namespace faas::sim
