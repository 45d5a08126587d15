#include "libfaas/routing/decision.hpp"

#include "libfaas/routing/prediction_impl.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>

namespace faas::routing {
namespace {

constexpr std::array<std::string_view, reasons> reason_names{
  "no-candidate", "only-candidate", "best",   "explored",
  "fixed",        "fallback",       "random", "round-robin", "ranked",
  "cheapest",     "likeliest",      "sticky", "refused",
  "hedged"};

/// The features, or a copy in `mended` where some are no numbers.
const event_features& mend(const event_features& of,
                           event_features& mended) noexcept {
  const double size = detail::sound(of.size);
  const way_bytes bytes = detail::sound(of.bytes);
  if (size == of.size && bytes == of.bytes)
    return of;
  mended = of;
  mended.size = size;
  mended.bytes = bytes;
  return mended;
}

} // namespace

double promised_ms(const prediction& of) noexcept {
  return std::max(of.total + of.promise_sigmas * std::sqrt(of.variance),
                  of.network);
}

double reach_ms(const prediction& of) noexcept {
  return of.interval_sigmas * std::sqrt(of.variance);
}

std::string_view name(reason why) noexcept {
  const auto index = static_cast<size_t>(why);
  return index < reason_names.size() ? reason_names[index] : "unknown";
}

pick policy::only(const decision&, const event_features&, uint8_t index,
                  time_point) noexcept {
  return {index, reason::only_candidate, 1};
}

standing policy::rank(const prediction& of, site_index, const event_features&,
                      random_source& random) const noexcept {
  return {of.total, random.uniform()};
}

double policy::least_rank(double) const noexcept {
  return -std::numeric_limits<double>::infinity();
}

prediction predict(const estimate& belief, const candidate& site,
                   const event_features& event, time_point now) noexcept {
  prediction made;
  detail::predict_into(made, belief, site, event, to_ms(now.time_since_epoch()));
  return made;
}

batched_event batched(const estimate& belief, const batching_site& site,
                      double size, time_point now) noexcept {
  const double now_ms = to_ms(now.time_since_epoch());
  const auto takes = [&](double items) {
    return detail::service_at(belief, items, now_ms).ms;
  };
  const auto& terms = site.terms;
  batched_event made{site.function, detail::sound(size), terms, takes(0), 0};
  const double all = std::max(terms.most, made.items);
  if (all > 0)
    made.item_ms = std::max(0.0, takes(all) - made.fixed_ms) / all;
  return made;
}

decision decide(std::span<const candidate> candidates,
                const event_features& features, policy& rule,
                random_source& random, time_point now) noexcept {
  event_features mended;
  const auto& event = mend(features, mended);
  const double now_ms = to_ms(now.time_since_epoch());
  decision made;
  made.count
    = static_cast<uint8_t>(std::min(candidates.size(), max_candidates));
  for (uint8_t i = 0; i < made.count; ++i) {
    const auto& site = candidates[i];
    made.sites[i] = site.site;
    if (!site.healthy || !site.cell)
      continue;
    made.healthy |= uint32_t{1} << i;
    detail::predict_into(made.parts[i], site.cell->read(), site, event, now_ms);
  }
  if (made.healthy == 0)
    return made;
  // One bit; without a popcount instruction has_single_bit() is a call.
  const bool single = (made.healthy & (made.healthy - 1)) == 0;
  const auto first = static_cast<uint8_t>(std::countr_zero(made.healthy));
  const auto answer = single ? rule.only(made, event, first, now)
                             : rule.choose(made, event, random, now);
  made.chosen = answer.chosen;
  made.why = answer.why;
  made.propensity = answer.propensity;
  if (!single && made) // next to nothing there is no second
    made.runner_up = best_of(made, made.chosen);
  return made;
}

uint8_t best_of(const decision& made, uint8_t except) noexcept {
  uint8_t best = decision::none;
  for (auto left = made.healthy; left != 0; left &= left - 1) {
    const auto i = static_cast<uint8_t>(std::countr_zero(left));
    if (i == except)
      continue;
    if (best == decision::none || made.parts[i].total < made.parts[best].total
        || (made.parts[i].total == made.parts[best].total
            && made.sites[i] < made.sites[best]))
      best = i;
  }
  return best;
}

double regret_ms(const decision& made) noexcept {
  if (!made || made.runner_up == decision::none)
    return 0;
  const double more
    = made.chosen_parts().total - made.parts[made.runner_up].total;
  return more > 0 ? more : 0;
}

std::string explain(const decision& made,
                    std::span<const std::string_view> names) {
  const auto called = [&](uint8_t i) {
    return i < names.size() ? std::string{names[i]}
                            : "#" + std::to_string(to_int(made.sites[i]));
  };
  if (!made)
    return "no site: " + std::string{name(made.why)};
  char text[256];
  const auto& p = made.chosen_parts();
  std::snprintf(text, sizeof text,
                "%.1f ms = network %.1f + queue %.1f + service %.1f + cold "
                "%.1f + overdue %.1f, sd %.1f; %s, p",
                p.total, p.network, p.queue, p.service, p.cold, p.overdue,
                std::sqrt(p.variance), std::string{name(made.why)}.c_str());
  auto line = called(made.chosen) + ": " + text;
  std::snprintf(text, sizeof text, "=%.3f", made.propensity);
  line += made.propensity > 0 ? text : " not known";
  if (made.runner_up != decision::none) {
    std::snprintf(text, sizeof text, " %.1f ms",
                  made.parts[made.runner_up].total);
    line += "; runner-up " + called(made.runner_up) + text;
  }
  return line;
}

} // namespace faas::routing
