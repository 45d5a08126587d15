#include "libfaas/forecast/lines.hpp"

#include <cmath>
#include <limits>

namespace faas::forecast {
namespace {

/// Means and centred sums.
struct moments {
  double mean_x = 0, mean_y = 0, xx = 0, xy = 0, yy = 0;
  double count = 0;
};

moments sums(std::span<const point> points) {
  moments m;
  m.count = static_cast<double>(points.size());
  for (const auto& p : points) {
    m.mean_x += p.x / m.count;
    m.mean_y += p.y / m.count;
  }
  for (const auto& p : points) {
    const double x = p.x - m.mean_x, y = p.y - m.mean_y;
    m.xx += x * x;
    m.xy += x * y;
    m.yy += y * y;
  }
  return m;
}

double median_deviation(std::span<const point> points) {
  std::vector<double> values;
  for (const auto& p : points)
    values.push_back(p.y);
  const double centre = median(values);
  for (auto& value : values)
    value = std::abs(value - centre);
  return median(values);
}

/// Those that a line agrees with, and how well.
struct consensus {
  std::vector<point> inliers;
  double score = -std::numeric_limits<double>::infinity(); ///< R^2
};

consensus agree(std::span<const point> points, straight_line line,
                double threshold) {
  consensus found;
  for (const auto& p : points)
    if (std::abs(p.y - line.at(p.x)) <= threshold)
      found.inliers.push_back(p);
  const auto m = sums(found.inliers);
  double rest = 0;
  for (const auto& p : found.inliers)
    rest += (p.y - line.at(p.x)) * (p.y - line.at(p.x));
  if (m.yy > 0)
    found.score = 1 - rest / m.yy;
  return found;
}

bool better(const consensus& one, const consensus& other) {
  if (one.inliers.size() != other.inliers.size())
    return one.inliers.size() > other.inliers.size();
  return one.score > other.score;
}

} // namespace

std::optional<straight_line> theil_sen(std::span<const point> points) {
  const auto slope = theil_sen_slope(points);
  if (!slope)
    return std::nullopt;
  return straight_line{*slope, median_intercept(points, *slope)};
}

std::optional<straight_line> least_squares(std::span<const point> points) {
  const auto m = sums(points);
  if (points.empty() || m.xx <= 0)
    return std::nullopt;
  const double slope = m.xy / m.xx;
  return straight_line{slope, m.mean_y - slope * m.mean_x};
}

std::optional<ridge_line> bayesian_ridge(std::span<const point> points) {
  if (points.empty())
    return std::nullopt;
  constexpr double weak = 1e-6, tolerance = 1e-3;
  constexpr int iterations = 300;
  const auto m = sums(points);
  double alpha = 1 / (m.yy / m.count + std::numeric_limits<double>::epsilon());
  double lambda = 1, before = 0;
  const auto slope_now = [&] { return m.xy / (m.xx + lambda / alpha); };
  for (int i = 0; i < iterations; ++i) {
    const double slope = slope_now();
    const double rest
      = std::max(0.0, m.yy - 2 * slope * m.xy + slope * slope * m.xx);
    const double gamma = alpha * m.xx / (lambda + alpha * m.xx);
    lambda = (gamma + 2 * weak) / (slope * slope + 2 * weak);
    alpha = (m.count - gamma + 2 * weak) / (rest + 2 * weak);
    if (i > 0 && std::abs(slope - before) < tolerance)
      break;
    before = slope;
  }
  ridge_line out;
  const double slope = slope_now();
  out.line = {slope, m.mean_y - slope * m.mean_x};
  out.noise_var = 1 / alpha;
  out.slope_var = 1 / (lambda + alpha * m.xx);
  out.mean_x = m.mean_x;
  return out;
}

std::optional<straight_line> ransac(std::span<const point> points,
                                    random_source& random,
                                    const ransac_config& config) {
  const auto count = points.size();
  if (count < 2)
    return std::nullopt;
  double threshold
    = config.threshold ? *config.threshold : median_deviation(points);
  for (const auto& p : points) // two points are on their line, but for rounding
    threshold = std::max(threshold, 1e-12 * std::abs(p.y));
  consensus best;
  const auto judge = [&](const point& a, const point& b) {
    if (a.x == b.x)
      return;
    const double slope = (b.y - a.y) / (b.x - a.x);
    auto found = agree(points, {slope, a.y - slope * a.x}, threshold);
    if (better(found, best))
      best = std::move(found);
  };
  if (count * (count - 1) / 2 <= static_cast<size_t>(config.trials)) {
    for (size_t i = 0; i < count; ++i)
      for (size_t j = i + 1; j < count; ++j)
        judge(points[i], points[j]);
  } else {
    for (int trial = 0; trial < config.trials; ++trial)
      judge(points[random.below(count)], points[random.below(count)]);
  }
  const auto refined = least_squares(best.inliers);
  return refined ? refined : least_squares(points);
}

bool line_window::add(double x, double y) {
  if (!std::isfinite(x) || !std::isfinite(y) || x < 0 || y < 0)
    return false;
  points_.push_back({x, y});
  if (points_.size() > window_)
    points_.pop_front();
  return true;
}

std::optional<straight_line>
line_window::fit_many(std::span<const point> points) {
  switch (method_) {
  case line_method::ransac:
    return ransac(points, random_);
  case line_method::theil_sen:
    return theil_sen(points);
  case line_method::least_squares:
    return least_squares(points);
  case line_method::bayesian_ridge:
    break;
  }
  if (!theil_sen_slope(points))
    return std::nullopt;
  return bayesian_ridge(points)->line;
}

straight_line line_window::fit() {
  if (points_.empty())
    return built_in_;
  if (points_.size() == 1) {
    const auto& only = points_.front();
    return only.x > 0 ? straight_line{only.y / only.x, 0}
                      : straight_line{0, only.y};
  }
  const std::vector<point> all{points_.begin(), points_.end()};
  const auto fitted = fit_many(all);
  return fitted ? *fitted : straight_line{0, median_intercept(all, 0)};
}

} // namespace faas::forecast
