#include "libfaas/decisions/off_policy.hpp"

#include "libfaas/core/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace faas::decisions {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
/// So many blocks at most: their sums stand for the events in the bootstrap.
constexpr size_t most_blocks = 1000;

/// Sums over events, each with the inverse of its probability to be logged.
struct sums {
  double events = 0, latency = 0, model = 0, weighted = 0, weight = 0,
         corrected = 0;

  void operator+=(const sums& other) noexcept {
    events += other.events;
    latency += other.latency;
    model += other.model;
    weighted += other.weighted;
    weight += other.weight;
    corrected += other.corrected;
  }
};

/// The estimates that sums stand for, in the order of `fields`.
using estimates = std::array<double, 6>;
constexpr std::array fields{
  &off_policy_result::logged,          &off_policy_result::direct,
  &off_policy_result::inverse,         &off_policy_result::self_normalised,
  &off_policy_result::doubly_robust,   &off_policy_result::change};

estimates of(const sums& s) noexcept {
  if (!(s.events > 0))
    return {nothing, nothing, nothing, nothing, nothing, nothing};
  const double logged = s.latency / s.events;
  const double robust = s.corrected / s.events;
  return {logged,
          s.model / s.events,
          s.weight > 0 ? s.weighted / s.events : nothing,
          s.weight > 0 ? s.weighted / s.weight : nothing,
          robust,
          robust - logged};
}

bool usable(const logged_choice& one) noexcept {
  const auto probability = [](double p) { return p > 0 && p <= 1; };
  return probability(one.propensity) && probability(one.logged)
         && one.target >= 0 && one.target <= 1 && std::isfinite(one.latency)
         && one.latency >= 0 && std::isfinite(one.model)
         && std::isfinite(one.target_model);
}

sums sums_of(const logged_choice& one, double weight) noexcept {
  const double each = 1 / one.logged;
  return {each,
          each * one.latency,
          each * one.target_model,
          each * weight * one.latency,
          each * weight,
          each * (one.target_model + weight * (one.latency - one.model))};
}

double quantile(std::vector<double>& values, double share) {
  const auto at = static_cast<size_t>(
    std::lround(share * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(),
                   values.begin() + static_cast<std::ptrdiff_t>(at),
                   values.end());
  return values[at];
}

/// Draws as many blocks as there are, with replacement, again and again.
void set_intervals(off_policy_result& to, const std::vector<sums>& blocks,
                   const off_policy_options& options) {
  random_source random{options.seed};
  std::array<std::vector<double>, fields.size()> drawn;
  for (int round = 0; round < options.replicates; ++round) {
    sums all;
    for (size_t i = 0; i < blocks.size(); ++i)
      all += blocks[random.below(blocks.size())];
    const auto one = of(all);
    for (size_t f = 0; f < fields.size(); ++f)
      if (!std::isnan(one[f]))
        drawn[f].push_back(one[f]);
  }
  for (size_t f = 0; f < fields.size(); ++f) {
    auto& shown = to.*fields[f];
    const bool some = !std::isnan(shown.mean) && !drawn[f].empty();
    shown.low = some ? quantile(drawn[f], 0.025) : nothing;
    shown.high = some ? quantile(drawn[f], 0.975) : nothing;
  }
}

} // namespace

off_policy_result evaluate(std::span<const logged_choice> log,
                           const off_policy_options& options) {
  off_policy_result made;
  const auto per_block = std::max<size_t>(
    1, (log.size() + most_blocks - 1) / most_blocks);
  std::vector<sums> blocks;
  sums all;
  double weights2 = 0;
  for (const auto& one : log) {
    if (!usable(one)) {
      ++made.unusable;
      continue;
    }
    const double full = one.target / one.propensity;
    const double weight = std::min(full, options.clip);
    made.clipped += full > options.clip;
    made.largest_weight = std::max(made.largest_weight, weight);
    if (made.events++ % per_block == 0)
      blocks.emplace_back();
    const auto its = sums_of(one, weight);
    blocks.back() += its;
    all += its;
    weights2 += its.weight * its.weight;
  }
  const auto means = of(all);
  for (size_t f = 0; f < fields.size(); ++f)
    (made.*fields[f]).mean = means[f];
  made.overlap = all.events > 0 ? all.weight / all.events : 0;
  made.effective = weights2 > 0 ? all.weight * all.weight / weights2 : 0;
  set_intervals(made, blocks, options);
  return made;
}

} // namespace faas::decisions
