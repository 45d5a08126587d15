#include "functions/torch/steps.hpp"

#include <algorithm>
#include <cstddef>

namespace faas::torch_runtime {

namespace {

/// Smaller steps can be stopped sooner, but may cost no more than this.
constexpr double step_tolerance = 0.02;
/// A size whose items take longer than this times the least is not tried; more
/// than the swings of a shared machine, for the points were not taken at one
/// moment.
constexpr double likely = 2;

} // namespace

std::string_view name(memory_layout layout) noexcept {
  return layout == memory_layout::nchw ? "nchw" : "channels_last";
}

std::vector<part> split(int64_t n, int64_t step) {
  const auto parts
    = step <= 0 ? 1 : std::max<int64_t>((n + step / 2) / step, 1);
  std::vector<part> made;
  made.reserve(static_cast<size_t>(parts));
  int64_t first = 0;
  for (int64_t i = 0; i < parts; ++i) {
    const auto end = n * (i + 1) / parts;
    made.push_back({first, end - first});
    first = end;
  }
  return made;
}

int64_t best_step(const step_trial& trial) {
  if (trial.steps.empty())
    return 0;
  if (trial.rounds.empty())
    return trial.steps.back();
  std::vector<double> costs;
  for (size_t i = 0; i < trial.steps.size(); ++i) {
    std::vector<double> ratios;
    for (const auto& times : trial.rounds)
      ratios.push_back(times[i] / std::max(times.back(), 1e-6));
    const auto middle
      = ratios.begin() + static_cast<ptrdiff_t>(ratios.size() / 2);
    std::nth_element(ratios.begin(), middle, ratios.end());
    costs.push_back(*middle);
  }
  const auto most
    = *std::min_element(costs.begin(), costs.end()) * (1 + step_tolerance);
  const auto found = std::find_if(costs.begin(), costs.end(),
                                  [&](double cost) { return cost <= most; });
  return trial.steps[static_cast<size_t>(found - costs.begin())];
}

std::vector<int64_t> likely_steps(const std::vector<trial_point>& points,
                                  memory_layout layout) {
  const auto per_item = [&](const trial_point& point) {
    return point.ms(layout) / static_cast<double>(point.n);
  };
  double least = 0;
  for (const auto& point : points)
    if (least == 0 || per_item(point) < least)
      least = per_item(point);
  std::vector<int64_t> steps;
  for (const auto& point : points)
    if (per_item(point) <= least * likely)
      steps.push_back(point.n);
  return steps;
}

} // namespace faas::torch_runtime
