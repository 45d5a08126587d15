// The prior of the service time: a straight line over the size feature.
#pragma once

#include <optional>
#include <span>

namespace faas::routing {

/// slope * n + intercept, ms; both positive after sane().
struct line {
  double slope = 0.34;  ///< a small CNN per image on one full core
  double intercept = 1; ///< dispatch and what an empty event costs
  double at(double n) const noexcept { return slope * n + intercept; }
};

/// One profile run.
struct profile_point {
  double n = 1;
  double ms = 0;
};

/// When nothing at all is known of a function.
inline constexpr line default_profile{};

/// The size when all points that can be used have the same one; nothing when
/// sizes differ, or there is no point.
std::optional<double> only_size(std::span<const profile_point> points);

/// Theil-Sen fit (median of pairwise slopes, median of remaining intercepts;
/// Sen, JASA 1968): up to 29 % of the points may be nonsense. Points that are
/// not finite, negative or of zero duration are left out, and only the first
/// 200 good ones count. With one distinct n, half of the time is taken to be
/// fixed and half to grow with the size, so that k may bend the line either
/// way; at n = 0 all is fixed. With none the default comes back. At the largest
/// n the slope makes at least 2 % of the time, as the intercept does in sane().
line fit_line(std::span<const profile_point> points);

/// Both parameters finite and at least a small positive number; otherwise
/// replaced. A slope above zero may be smaller than that, since n may be bytes.
/// The intercept is at least 2 % of the time at n = 32, so that the estimator
/// has a handle to learn it by.
line sane(line raw) noexcept;

} // namespace faas::routing
