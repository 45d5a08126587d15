#include "functions/torch/steps.hpp"

#include <algorithm>

namespace faas::torch_runtime {

namespace {

/// Smaller steps can be stopped sooner, but may cost no more than this.
constexpr double step_tolerance = 0.02;

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

int64_t best_step(const std::vector<trial_point>& points,
                  memory_layout layout) {
  const auto per_item = [&](const trial_point& point) {
    return point.ms(layout) / static_cast<double>(point.n);
  };
  double least = 0;
  for (const auto& point : points)
    if (least == 0 || per_item(point) < least)
      least = per_item(point);
  for (const auto& point : points)
    if (per_item(point) <= least * (1 + step_tolerance))
      return point.n;
  return 0;
}

} // namespace faas::torch_runtime
