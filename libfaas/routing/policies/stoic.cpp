#include "libfaas/routing/policies/stoic.hpp"

#include <algorithm>

namespace faas::routing {
namespace {

constexpr size_t window = 10;
constexpr size_t set_up = 2;
constexpr double first = -1e12, not_yet = 1e12;

} // namespace

stoic::history::history(forecast::line_method line)
  : processing(line, {0, 0}, window) {}

stoic::stoic(forecast::line_method line) : line_(line) {}

pick stoic::choose(const decision& so_far, const event_features& event,
                   random_source&, time_point) noexcept {
  const auto best = least_by(so_far, [&](uint8_t i) {
    const auto& of = sites_[so_far.sites[i]];
    if (of.tries < set_up)
      return first;
    if (!of.past)
      return not_yet;
    const double deploy = so_far.parts[i].cold > 0 ? of.deploy_ms : 0;
    return of.fixed_ms + of.ms_per_byte * event.bytes.all() + deploy
           + std::max(of.fit.at(event.size), 0.0);
  });
  auto& chosen = sites_[so_far.sites[best]];
  chosen.tries = std::min(chosen.tries + 1, set_up);
  return {best, reason::ranked, 1};
}

void stoic::ended(const outcome& seen) noexcept {
  if (seen.failed)
    return;
  auto& of = sites_[seen.site];
  if (!of.past)
    of.past = std::make_shared<history>(line_);
  if (of.past->processing.add(seen.size, seen.service_ms))
    of.fit = of.past->processing.fit();
  if (seen.cold_ms > 0 && of.past->deploys.add(seen.cold_ms))
    of.deploy_ms = of.past->deploys.predict().value_or(0);
  const double rest
    = seen.total_ms - seen.queue_ms - seen.service_ms - seen.cold_ms;
  if (rest <= 0)
    return;
  if (const double bytes = seen.bytes.all(); bytes > 0)
    of.ms_per_byte = rest / bytes;
  else
    of.fixed_ms = rest;
}

} // namespace faas::routing
