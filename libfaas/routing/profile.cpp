#include "libfaas/routing/profile.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace faas::routing {
namespace {

constexpr size_t max_points = 200;
constexpr double typical_n = 32;

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<long>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1)
    return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

std::vector<profile_point> good_points(std::span<const profile_point> points) {
  std::vector<profile_point> good;
  for (const auto& p : points)
    if (std::isfinite(p.n) && std::isfinite(p.ms) && p.n >= 0 && p.ms > 0
        && good.size() < max_points)
      good.push_back(p);
  return good;
}

} // namespace

line sane(line raw) noexcept {
  constexpr double smallest = 1e-4; // ms; below what the clocks resolve
  constexpr double largest = 1e7;
  const auto usable = [](double x) { return std::isfinite(x) && x <= largest; };
  if (!usable(raw.slope) || !usable(raw.intercept))
    return default_profile;
  raw.slope = std::max(raw.slope, smallest);
  raw.intercept
    = std::max({raw.intercept, smallest, 0.02 * raw.slope * typical_n});
  return raw;
}

line fit_line(std::span<const profile_point> points) {
  const auto good = good_points(points);
  if (good.empty())
    return default_profile;
  std::vector<double> slopes, rest;
  for (size_t i = 0; i < good.size(); ++i)
    for (size_t j = i + 1; j < good.size(); ++j)
      if (good[i].n != good[j].n)
        slopes.push_back((good[j].ms - good[i].ms) / (good[j].n - good[i].n));
  if (slopes.empty()) { // one n only: no slope to be seen
    for (const auto& p : good)
      rest.push_back(p.ms);
    const double factor = median(rest) / default_profile.at(good.front().n);
    return sane(
      {default_profile.slope * factor, default_profile.intercept * factor});
  }
  const double slope = std::max(0.0, median(slopes));
  for (const auto& p : good)
    rest.push_back(p.ms - slope * p.n);
  return sane({slope, median(rest)});
}

} // namespace faas::routing
