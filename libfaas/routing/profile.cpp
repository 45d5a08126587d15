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

/// Share of the time that slope and intercept have at least, so that the
/// estimator has a handle to learn them by.
constexpr double least_share = 0.02;

line through(double n, double ms) noexcept {
  if (n <= 0)
    return sane({0, ms});
  // Below one unit the fixed part is larger: sane() wants it for n = 32.
  const double slope = ms / (n + std::max(n, 1.0));
  return sane({slope, ms - slope * n});
}

} // namespace

line sane(line raw) noexcept {
  constexpr double smallest = 1e-4; // ms; below what the clocks resolve
  constexpr double smallest_slope = 1e-9; // a GB in a millisecond
  constexpr double largest = 1e7;
  const auto usable = [](double x) { return std::isfinite(x) && x <= largest; };
  if (!usable(raw.slope) || !usable(raw.intercept))
    return default_profile;
  raw.slope = raw.slope > 0 ? std::max(raw.slope, smallest_slope) : smallest;
  raw.intercept = std::max(
    {raw.intercept, smallest, least_share * raw.slope * typical_n});
  return raw;
}

std::optional<double> only_size(std::span<const profile_point> points) {
  const auto good = good_points(points);
  if (good.empty()
      || std::any_of(good.begin(), good.end(), [&](const auto& point) {
           return point.x != good.front().x;
         }))
    return std::nullopt;
  return good.front().x;
}

line fit_line(std::span<const profile_point> points) {
  const auto good = good_points(points);
  if (good.empty())
    return default_profile;
  const auto typical = forecast::median_intercept(good, 0);
  const auto slope = forecast::theil_sen_slope(good);
  if (!slope) // one n only: no slope to be seen
    return through(good.front().x, typical);
  const auto largest = std::max_element(
    good.begin(), good.end(),
    [](const auto& a, const auto& b) { return a.x < b.x; });
  const double rising = std::max(least_share * typical / largest->x, *slope);
  return sane({rising, forecast::median_intercept(good, rising)});
}

} // namespace faas::routing
