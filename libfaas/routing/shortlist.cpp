#include "libfaas/routing/shortlist.hpp"

#include "libfaas/routing/prediction_impl.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace faas::routing {

shortlist::shortlist(const event_features& event, const policy& rule,
                     random_source& random, time_point now,
                     size_t sites) noexcept
  : event_(event), rule_(rule), random_(random),
    now_ms_(to_ms(now.time_since_epoch())) {
  skips_ = std::isfinite(rule.least_rank(0));
  event_.size = detail::sound(event.size);
  event_.bytes = detail::sound(event.bytes);
  for (auto& one : scouts_)
    one = {static_cast<uint32_t>(random.below(std::max<size_t>(sites, 1)))};
}

void shortlist::offer(const candidate& one, uint32_t position) noexcept {
  if (!one.healthy || one.cell == nullptr)
    return;
  for (auto& scout : scouts_)
    scout.there |= scout.position == position;
  if (skips_ && kept_ == leaders && hopeless(one))
    return;
  prediction p;
  detail::predict_into(p, one.cell->read(), one, event_, now_ms_);
  leader it{rule_.rank(p, one.site, event_, random_), position};
  if (std::isnan(it.rank.first)) // it would be in everybody's way
    it.rank.first = std::numeric_limits<double>::infinity();
  if (kept_ == leaders) {
    if (it.rank < leaders_[last_].rank)
      replace_last(it);
    return;
  }
  if (kept_ > 0 && leaders_[last_].rank < it.rank)
    last_ = kept_;
  leaders_[kept_++] = it;
}

/// It takes too long even as little as it takes at least; see predict_into().
bool shortlist::hopeless(const candidate& one) const noexcept {
  const auto least = one.cell->glance(event_.size, event_.bytes);
  const double network = least.network_ms + one.backlog_ms;
  const double wait
    = std::max(0.0, one.free_in_ms - network + least.rtt_ms / 2);
  const double total = network + one.loop_lag_ms + wait + least.service_ms
                       + least.overdue_ms;
  return rule_.least_rank(total) > leaders_[last_].rank.first;
}

void shortlist::replace_last(const leader& by) noexcept {
  leaders_[last_] = by;
  for (size_t i = 0; i < leaders; ++i)
    if (leaders_[last_].rank < leaders_[i].rank)
      last_ = i;
}

std::span<const uint32_t> shortlist::finish() noexcept {
  size_t count = 0;
  for (; count < kept_; ++count)
    made_[count] = leaders_[count].position;
  for (const auto& one : scouts_)
    if (one.there)
      made_[count++] = one.position;
  std::sort(made_.begin(), made_.begin() + count);
  const auto end = std::unique(made_.begin(), made_.begin() + count);
  return {made_.begin(), end};
}

} // namespace faas::routing
