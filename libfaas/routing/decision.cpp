#include "libfaas/routing/decision.hpp"

#include "libfaas/routing/queue_model.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

namespace faas::routing {
namespace {

constexpr std::array<std::string_view, reasons> reason_names{
  "no-candidate", "only-candidate", "best",   "explored",
  "fixed",        "fallback",       "random", "round-robin", "ranked",
  "cheapest",     "likeliest",      "sticky", "refused",
  "hedged"};

/// exp(x) - 1 for the small variances that occur; bounded for large ones.
double spread_of(double log_var) noexcept {
  const double v = std::min(log_var, 2.0);
  return v * (1 + v / 2);
}

/// A feature that is no number counts as none.
double sound(double x) noexcept {
  return x >= 0 && x <= 1e12 ? x : 0;
}

/// The features, or a copy in `mended` where some are no numbers.
const event_features& mend(const event_features& of,
                           event_features& mended) noexcept {
  const double size = sound(of.size), bytes = sound(of.bytes);
  if (size == of.size && bytes == of.bytes)
    return of;
  mended = of;
  mended.size = size;
  mended.bytes = bytes;
  return mended;
}

/// Epistemic variance of the log service time at this size, aged to now.
double log_var_at(const estimate& e, double w, double now_ms) noexcept {
  const double idle = std::max(0.0, now_ms - e.updated_ms);
  const double v = e.log_var + 2 * w * e.cov_shape + w * w * e.var_shape
                   + idle * e.log_var_per_ms;
  return std::clamp(v, 0.0, 2.0);
}

/// exp(x) for 0 <= x <= 0.125, to 1e-5.
double small_exp(double x) noexcept {
  return 1 + x * (1 + x * (0.5 + x * (1.0 / 6)));
}

/// Straight to its place: a copy of what was just written word by word would
/// wait for these stores (a fifth of a decision), as would one of the features.
void predict_into(prediction& p, const estimate& belief, const candidate& site,
                  const event_features& event, double now_ms) noexcept {
  const double bytes = event.bytes;
  const double base = belief.slope * event.size + belief.intercept;
  const double known = log_var_at(belief, belief.intercept / base, now_ms);
  // The mean of a log-normal; a vague belief must not look slow only because
  // it is vague, so the correction is bounded.
  const double vague = std::min(known + belief.log_noise, 0.25);
  const double service = base * belief.factor * small_exp(vague / 2);
  const double network
    = belief.rtt_ms + belief.ms_per_byte * bytes + site.backlog_ms;
  const double transit = network - belief.rtt_ms / 2;
  const double others = others_now(
    {belief.others, now_ms - belief.reported_ms, belief.others_usual,
     site.in_flight - belief.own_reported, belief.others_per_own});
  const double foreign = others_wait_ms(
    others, site.in_flight, belief.servers, belief.mean_service_ms);
  const double queue
    = site.loop_lag_ms + std::max(0.0, site.free_in_ms - transit) + foreign;
  const double cold
    = now_ms > belief.warm_until_ms ? belief.cold_charge_ms : 0;
  const double busy = service + queue;
  const double epistemic
    = busy * busy * spread_of(known) + belief.rtt_var
      + 2 * bytes * belief.net_cov + bytes * bytes * belief.byte_var;
  p.network = network;
  p.transit = transit;
  p.queue = queue;
  p.service = service;
  p.cold = cold;
  p.overdue = belief.overdue_ms;
  p.total = network + queue + service + cold + belief.overdue_ms;
  p.epistemic = epistemic;
  p.variance
    = epistemic + belief.net_noise_ms2
      + network * network * belief.net_noise_share2
    + site.backlog_ms * site.backlog_ms / 64 // known to some 12 %
      + service * service * spread_of(belief.log_noise)
      + std::min(belief.grain_ms * belief.grain_ms, 4 * service * service)
      + queue * queue * belief.log_noise
    // How many others there are is known by a report of a while ago only: as
    // uncertain as a Poisson number.
    + others * belief.mean_service_ms * belief.mean_service_ms
        / (belief.servers * belief.servers);
  p.promise_sigmas = belief.promise_sigmas;
  p.interval_sigmas = belief.interval_sigmas;
  p.imposed = imposed_ms(queue, service, belief.servers, belief.load);
  p.in_flight = site.in_flight;
  p.servers = belief.servers;
  const double work_s = (service + cold) / 1000;
  p.price = work_s * site.price_per_s;
  p.joule = work_s * site.watts;
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

prediction predict(const estimate& belief, const candidate& site,
                   const event_features& event, time_point now) noexcept {
  prediction made;
  predict_into(made, belief, site, event, to_ms(now.time_since_epoch()));
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
    predict_into(made.parts[i], site.cell->read(), site, event, now_ms);
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
  if (!single)
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
                "%.1f + overdue %.1f, sd %.1f; %s, p=%.3f",
                p.total, p.network, p.queue, p.service, p.cold, p.overdue,
                std::sqrt(p.variance), std::string{name(made.why)}.c_str(),
                made.propensity);
  auto line = called(made.chosen) + ": " + text;
  if (made.runner_up != decision::none) {
    std::snprintf(text, sizeof text, " %.1f ms",
                  made.parts[made.runner_up].total);
    line += "; runner-up " + called(made.runner_up) + text;
  }
  return line;
}

} // namespace faas::routing
