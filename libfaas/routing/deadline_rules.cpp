#include "libfaas/routing/deadline_rules.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>

namespace faas::routing {
namespace {

constexpr double endless = std::numeric_limits<double>::infinity();
constexpr double z95 = 1.645, z90 = 1.2816; ///< normal quantiles

double normal_cdf(double z) noexcept {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

/// At so many standard deviations from the mean; the other two as learned.
double score_at(double at, double reach, double promise) noexcept {
  const double slope = z95 / reach;
  const double straight = z95 + slope * (at - promise);
  if (at >= promise || promise <= reach)
    return straight;
  // A tail beyond the interval (events sent again, outliers): 90 % are inside.
  if (at <= reach)
    return std::max(straight, z90 + slope * (at - reach));
  const double from = std::max(z95 + slope * (reach - promise), z90);
  return from + (z95 - from) * (at - reach) / (promise - reach);
}

/// What it would be if nothing else were there.
prediction unhindered(prediction p) noexcept {
  p.total -= p.queue + p.overdue;
  p.queue = p.overdue = 0;
  return p;
}

} // namespace

double chance_within(const prediction& of, double ms) noexcept {
  return normal_cdf(score_within(of, ms));
}

double score_within(const prediction& of, double ms) noexcept {
  if (!(ms > 0) || !(ms >= of.network) || !(of.variance >= 0))
    return -endless;
  const double sd = std::sqrt(of.variance);
  if (sd == 0)
    return of.total <= ms ? endless : -endless;
  // Predictions from a log have neither: as a normal law.
  const bool learned = of.interval_sigmas > 0;
  const double reach = learned ? of.interval_sigmas : z95;
  const double promise = learned ? of.promise_sigmas : z95;
  const double at = (ms - of.total) / sd;
  const double z = score_at(at, reach, promise);
  return std::isnan(z) ? -endless : z;
}

double score_of(double chance) noexcept {
  double low = -9, high = 9;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (normal_cdf(middle) < chance ? low : high) = middle;
  }
  return (low + high) / 2;
}

likely likeliest_within(const decision& made, double ms) noexcept {
  likely found;
  for (auto left = made.healthy; left != 0; left &= left - 1) {
    const auto i = static_cast<uint8_t>(std::countr_zero(left));
    const double chance = chance_within(made.parts[i], ms);
    const auto faster = [&] {
      const auto& best = made.parts[found.index];
      return made.parts[i].total < best.total
             || (made.parts[i].total == best.total
                 && made.sites[i] < made.sites[found.index]);
    };
    if (found.index == decision::none || chance > found.chance
        || (chance == found.chance && faster()))
      found = {i, chance};
  }
  return found;
}

bool waits_long(const prediction& of, double ms, double patience) noexcept {
  const double wait = of.queue + of.overdue;
  return ms > 0 && wait > patience * (ms - (of.total - wait));
}

bool can_promise(const decision& made, double ms, double share) noexcept {
  if (!(ms > 0 || ms < 0))
    return true;
  return likeliest_within(made, ms).chance >= share;
}

error refusal(const decision& made, double ms,
              std::span<const std::string_view> names) {
  char wanted[64];
  std::snprintf(wanted, sizeof wanted, "within %.3g ms", ms > 0 ? ms : 0.0);
  const auto best = likeliest_within(made, ms);
  if (best.index == decision::none)
    return {errc::unavailable, "no site to answer " + std::string{wanted},
            "see faas-cli sites"};
  const auto& p = made.parts[best.index];
  const std::string site
    = best.index < names.size()
        ? std::string{names[best.index]}
        : "#" + std::to_string(to_int(made.sites[best.index]));
  char numbers[160];
  std::snprintf(numbers, sizeof numbers,
                " would take %.3g ms (95 of 100 at most %.3g ms), %.3g ms of "
                "it waiting; %.0f %% in time",
                p.total, promised_ms(p), p.queue + p.overdue,
                100 * best.chance);
  const auto what = "no site is likely to answer " + std::string{wanted}
                    + ": the best, " + site + "," + numbers;
  if (chance_within(unhindered(p), ms) >= 0.5)
    return {errc::overloaded, what,
            "send less or later, give it more time, or name a lighter function "
            "(petrel.lighter)"};
  return {errc::deadline_exceeded, what,
          "give it more time, or name a lighter function (petrel.lighter)"};
}

} // namespace faas::routing
