// Straight lines through measurements that contain nonsense or are few.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/forecast/theil_sen.hpp"

#include <deque>
#include <optional>
#include <span>

namespace faas::forecast {

/// Median of pairwise slopes, then median of the intercepts it leaves.
/// Empty when all x are the same.
std::optional<straight_line> theil_sen(std::span<const point> points);

/// Bayesian ridge: the line and what is not known of it.
struct ridge_line {
  straight_line line;
  double noise_var = 0; ///< of one y around the line (1 / alpha)
  double slope_var = 0; ///< posterior variance of the slope
  double mean_x = 0;
  /// Variance of y at x: noise and slope (the mean of y counts as known, as in
  /// scikit-learn).
  double var(double x) const noexcept {
    return noise_var + slope_var * (x - mean_x) * (x - mean_x);
  }
};

/// Slope with a normal prior, precisions of noise and prior by maximised
/// evidence (MacKay 1992, updates of Tipping 2001; hyper-priors, start and stop
/// as scikit-learn's BayesianRidge has by default: all 1e-6, 300 iterations,
/// 1e-3). Empty without points.
std::optional<ridge_line> bayesian_ridge(std::span<const point> points);

struct ransac_config {
  int trials = 100;
  /// Largest distance of an inlier; the median absolute deviation of y from
  /// its median when empty (scikit-learn's choice).
  std::optional<double> threshold;
};

/// RANSAC (Fischler and Bolles 1981): the line through two of the points which
/// most points agree with, then least squares over those. Equal numbers:
/// the higher R^2 over its inliers. All pairs are tried when they are no more
/// than `trials`, else so many random ones. Empty when all x are the same.
std::optional<straight_line> ransac(std::span<const point> points,
                                    random_source& random,
                                    const ransac_config& config = {});

/// Ordinary least squares. Empty when all x are the same.
std::optional<straight_line> least_squares(std::span<const point> points);

enum class line_method { bayesian_ridge, ransac, theil_sen, least_squares };

/// A line over the last `window` measurements, as STOIC fits its processing
/// time: the built-in line without any, through the origin with one (its y
/// when its x is 0), the method from two on. With equal x only, their median.
/// Not thread safe.
class line_window {
public:
  line_window(line_method method, straight_line built_in, size_t window = 10,
              uint64_t seed = 1)
    : method_(method), built_in_(built_in), window_(window), random_(seed) {}

  /// False if refused: not finite, or x or y below 0.
  bool add(double x, double y);
  straight_line fit();
  double predict(double x) { return fit().at(x); }
  size_t size() const noexcept { return points_.size(); }

private:
  std::optional<straight_line> fit_many(std::span<const point> points);

  line_method method_;
  straight_line built_in_;
  size_t window_;
  random_source random_;
  std::deque<point> points_;
};

} // namespace faas::forecast
