#include "libfaas/routing/profile.hpp"

#include "libfaas/forecast/theil_sen.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace faas::routing {
namespace {

constexpr size_t max_points = 200;
constexpr double typical_n = 32;

std::vector<forecast::point>
good_points(std::span<const profile_point> points) {
  std::vector<forecast::point> good;
  for (const auto& p : points)
    if (std::isfinite(p.n) && std::isfinite(p.ms) && p.n >= 0 && p.ms > 0
        && good.size() < max_points)
      good.push_back({p.n, p.ms});
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
  const auto slope = forecast::theil_sen_slope(good);
  if (!slope) { // one n only: no slope to be seen
    const double factor = forecast::median_intercept(good, 0)
                          / default_profile.at(good.front().x);
    return sane(
      {default_profile.slope * factor, default_profile.intercept * factor});
  }
  const double rising = std::max(0.0, *slope);
  return sane({rising, forecast::median_intercept(good, rising)});
}

} // namespace faas::routing
