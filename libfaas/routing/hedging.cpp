#include "libfaas/routing/hedging.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace faas::routing {
namespace {

constexpr double z95 = 1.6448536269514722; ///< of the standard normal law
constexpr double stray_factor = 4, stray_sigma = 1;
constexpr double least_ms = 1e-3;
/// A law must stay wide enough that sums over it see it.
constexpr double least_sigma = 0.02;

/// Probability that a standard normal number is greater.
double upper_tail(double z) noexcept {
  return 0.5 * std::erfc(z / std::numbers::sqrt2);
}

double finite_or(double x, double otherwise) noexcept {
  return std::isfinite(x) ? x : otherwise;
}

/// Of a log-normal law whose 95 % quantile is `ratio` times its mean: solves
/// z s - s^2 / 2 = log ratio for the smaller s.
double sigma_of(double ratio) noexcept {
  const double room = z95 * z95 - 2 * std::log(std::max(ratio, 1.0));
  return std::max(z95 - std::sqrt(std::max(room, 0.0)), least_sigma);
}

} // namespace

double latency_law::log_normal::beyond(double ms) const noexcept {
  return ms <= 0 ? 1 : upper_tail((std::log(ms) - mu) / sigma);
}

double latency_law::log_normal::mean() const noexcept {
  return std::exp(mu + sigma * sigma / 2);
}

double latency_law::log_normal::excess(double ms) const noexcept {
  if (ms <= 0)
    return mean();
  const double z = (std::log(ms) - mu) / sigma;
  return std::max(mean() * upper_tail(z - sigma) - ms * upper_tail(z), 0.0);
}

latency_law::latency_law(const prediction& of) noexcept
  : latency_law(of.total, promised_ms(of)) {}

latency_law::latency_law(double mean_ms, double p95_ms) noexcept {
  const double mean = std::max(finite_or(mean_ms, least_ms), least_ms);
  usual_.sigma = sigma_of(finite_or(p95_ms, mean) / mean);
  usual_.mu = std::log(mean) - usual_.sigma * usual_.sigma / 2;
  stray_ = {std::log(mean * stray_factor), stray_sigma};
}

double latency_law::beyond(double ms) const noexcept {
  return (1 - stray_share) * usual_.beyond(ms) + stray_share * stray_.beyond(ms);
}

double latency_law::left(double age_ms) const noexcept {
  const double open = beyond(age_ms);
  if (open < 1e-12) // older than anything that the law knows
    return age_ms;
  const auto excess = (1 - stray_share) * usual_.excess(age_ms)
                      + stray_share * stray_.excess(age_ms);
  return excess / open;
}

double hedge_gain(const latency_law& first, double age_ms,
                  const latency_law& second) noexcept {
  const double open = first.beyond(age_ms);
  const double left = first.left(age_ms);
  if (open < 1e-12)
    return std::max(left - second.left(0), 0.0);
  // Mean of the smaller of the two: the integral of the product of what is
  // beyond, with x = scale u / (1 - u).
  constexpr int steps = 48;
  const double scale = second.scale();
  double both = 0;
  for (int i = 0; i < steps; ++i) {
    const double u = (i + 0.5) / steps;
    const double x = scale * u / (1 - u);
    both += first.beyond(age_ms + x) / open * second.beyond(x)
            * scale / ((1 - u) * (1 - u)) / steps;
  }
  return std::max(left - both, 0.0);
}

double hedge_cost(const prediction& second,
                  const hedge_bounds& bounds) noexcept {
  return bounds.price * (second.work + second.cold) + second.imposed;
}

namespace {

/// The earliest age, in means of the first site, at which a second start is worth
/// that cost; nothing: it never is. It pays late if at all where early ones do
/// not, until it is certain that the event has strayed.
std::optional<double> earliest_age(const latency_law& here, double mean_ms,
                                   const latency_law& there,
                                   double cost_ms) noexcept {
  static constexpr std::array ages{0.0, 0.5, 0.8,  1.0, 1.1, 1.2, 1.35, 1.5,
                                   1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 9.0};
  for (const double age : ages)
    if (hedge_gain(here, age * mean_ms, there) > cost_ms)
      return age;
  return std::nullopt;
}

/// That age in ms, if there is time for it.
std::optional<double> in_time(std::optional<double> age, double mean_ms,
                              const event_features& event) noexcept {
  if (!age || (event.deadline_ms > 0 && *age * mean_ms >= event.deadline_ms))
    return std::nullopt;
  return *age * mean_ms;
}

constexpr double eighths = 8, most_octaves = 10;

int16_t in_eighths(double ratio) noexcept {
  const double octaves
    = std::clamp(std::log2(ratio), -most_octaves, most_octaves);
  return static_cast<int16_t>(std::lround(eighths * octaves));
}

double from_eighths(int16_t at) noexcept {
  return std::exp2(at / eighths);
}

} // namespace

std::optional<double> hedge_after(const decision& made,
                                  const event_features& event,
                                  const hedge_bounds& bounds) noexcept {
  if (bounds.share <= 0 || made.runner_up == decision::none)
    return std::nullopt;
  const auto& first = made.chosen_parts();
  const auto& second = made.parts[made.runner_up];
  return in_time(earliest_age(latency_law{first}, first.total,
                              latency_law{second}, hedge_cost(second, bounds)),
                 first.total, event);
}

std::optional<double> hedge_planner::after(
  const decision& made, const event_features& event,
  const hedge_bounds& bounds, double bar) noexcept {
  if (bounds.share <= 0 || made.runner_up == decision::none)
    return std::nullopt;
  const auto& first = made.chosen_parts();
  const auto& second = made.parts[made.runner_up];
  const std::array ratios{promised_ms(first) / first.total,
                          second.total / first.total,
                          promised_ms(second) / second.total,
                          bar * hedge_cost(second, bounds) / first.total};
  proportions of{};
  for (size_t i = 0; i < ratios.size(); ++i) {
    if (!(ratios[i] >= 0) || std::isinf(ratios[i]))
      return std::nullopt;
    of[i] = in_eighths(ratios[i]);
  }
  const double age = age_of(of);
  return in_time(age == never ? std::nullopt : std::optional{age}, first.total,
                 event);
}

double hedge_planner::age_of(const proportions& of) noexcept {
  uint32_t place = 0;
  for (const auto part : of)
    place = place * 31 + static_cast<uint16_t>(part);
  auto& kept = known_[place % known_.size()];
  if (kept.age == unknown || kept.of != of) {
    const double second = from_eighths(of[1]);
    const auto age
      = earliest_age(latency_law{1, from_eighths(of[0])}, 1,
                     latency_law{second, second * from_eighths(of[2])},
                     from_eighths(of[3]));
    kept = {of, age.value_or(never)};
  }
  return kept.age;
}

} // namespace faas::routing
