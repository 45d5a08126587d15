#include "libfaas/scaling/keep_alive.hpp"

#include <algorithm>

namespace faas::scaling {
namespace {

duration times(duration of, double factor) noexcept {
  return duration{
    static_cast<int64_t>(static_cast<double>(of.count()) * factor)};
}

bool tells_something(const idle_histogram& seen,
                     const keep_settings& settings) noexcept {
  return settings.learn && seen.seen() >= settings.observations
         && seen.beyond() <= settings.most_beyond
         && seen.concentration() >= settings.least_concentration;
}

/// When the load must begin, so much ahead of events that come from `due` on and
/// until `last`; max: it is better to stay, or to wait for an event.
duration load_begin(duration due, duration last, duration ahead,
                    duration linger, const keep_settings& settings) noexcept {
  const auto worth_it = linger + settings.prewarm_least;
  if (!settings.prewarm || due < worth_it)
    return duration::max();
  const auto begin = due - std::min(ahead, due);
  if (begin >= worth_it)
    return begin;
  // Staying meets the events only where it may last so long.
  return last <= settings.idle ? duration::max() : std::max(begin, 2 * linger);
}

} // namespace

keep_plan plan_keep(const idle_histogram& seen, const keep_settings& settings,
                    duration load_time, duration spare) noexcept {
  keep_plan plan;
  plan.unload = settings.idle;
  if (!tells_something(seen, settings))
    return plan;
  plan.learned = true;
  const auto last
    = times(seen.quantile(settings.keep_quantile), 1 + settings.margin);
  const auto first = times(seen.quantile_from_below(settings.prewarm_quantile),
                           1 - settings.margin);
  const auto linger = std::min(settings.linger, settings.idle);
  load_time = std::clamp(load_time, duration::zero(), idle_histogram::most);
  spare = std::clamp(spare, duration::zero(), settings.idle / 2);
  plan.load = load_begin(first, last, load_time + spare, linger, settings);
  if (plan.load != duration::max()) {
    plan.unload = linger;
    plan.unload_again
      = std::min(last, plan.load + load_time + settings.idle);
  } else {
    plan.unload = std::min(last, settings.idle);
  }
  return plan;
}

} // namespace faas::scaling
