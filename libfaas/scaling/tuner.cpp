#include "libfaas/scaling/tuner.hpp"

#include "libfaas/scaling/erlang.hpp"

#include <algorithm>

namespace faas::scaling {

uint32_t tuner::needed(double rate, duration service,
                       uint32_t most) const noexcept {
  const auto offered = rate * std::chrono::duration<double>(service).count();
  return settings_.target_wait
           ? servers_for_wait(offered, service, *settings_.target_wait, most)
           : servers_for_utilisation(offered, settings_.utilisation, most);
}

uint32_t tuner::wanted(time_point now, double rate, duration service,
                       uint32_t least, uint32_t most) {
  const auto fresh = needed(rate, service, most);
  if (!needs_.empty())
    now = std::max(now, needs_.back().at);
  while (!needs_.empty() && needs_.back().instances <= fresh)
    needs_.pop_back();
  if (needs_.size() == most_kept)
    needs_.back().at = now; // a little too long for the number above this one
  else
    needs_.push_back({now, fresh});
  std::erase_if(needs_, [&](const need& each) {
    return now - each.at > settings_.hold;
  });
  return std::clamp(needs_.front().instances, least, std::max(least, most));
}

} // namespace faas::scaling
