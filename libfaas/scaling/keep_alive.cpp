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

} // namespace

keep_plan plan_keep(const idle_histogram& seen,
                    const keep_settings& settings) noexcept {
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
  if (settings.prewarm && first >= linger + settings.prewarm_least) {
    plan.unload = linger;
    plan.load = first;
    plan.unload_again = std::min(last, first + settings.idle);
  } else {
    plan.unload = std::min(last, settings.idle);
  }
  return plan;
}

} // namespace faas::scaling
