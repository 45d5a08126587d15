// Medians, and the straight line made of them.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

namespace faas::forecast {

/// One observation of y at x; units are the caller's.
struct point {
  double x = 0;
  double y = 0;
};

/// slope * x + intercept.
struct straight_line {
  double slope = 0;
  double intercept = 0;
  double at(double x) const noexcept { return slope * x + intercept; }
};

/// The mean of the middle two when their number is even. Reorders `values`,
/// which must not be empty.
inline double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<long>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1)
    return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// Median of the slopes of all pairs (Sen, JASA 1968): up to 29 % of the
/// points may be nonsense. Empty when all x are the same. Quadratic.
inline std::optional<double> theil_sen_slope(std::span<const point> points) {
  std::vector<double> slopes;
  for (size_t i = 0; i < points.size(); ++i)
    for (size_t j = i + 1; j < points.size(); ++j)
      if (points[i].x != points[j].x)
        slopes.push_back((points[j].y - points[i].y)
                         / (points[j].x - points[i].x));
  if (slopes.empty())
    return std::nullopt;
  return median(slopes);
}

/// Median of what `slope` leaves of each y; `points` is not empty.
inline double median_intercept(std::span<const point> points, double slope) {
  std::vector<double> rest;
  for (const auto& p : points)
    rest.push_back(p.y - slope * p.x);
  return median(rest);
}

} // namespace faas::forecast
