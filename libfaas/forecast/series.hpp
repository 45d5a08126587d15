// One-step forecasts of a series of measurements, in the order of time.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace faas::forecast {

/// Each class below: add() takes the next value and returns false, changing
/// nothing, when it is not finite; predict() is the next value, empty without
/// any history. Not thread safe.

/// The last value.
class last_value {
public:
  bool add(double value) noexcept;
  std::optional<double> predict() const noexcept { return last_; }

private:
  std::optional<double> last_;
};

/// Exponentially weighted mean, begun at the first value; 0 < weight <= 1.
class ewma {
public:
  explicit ewma(double weight) noexcept : weight_(weight) {}
  bool add(double value) noexcept;
  std::optional<double> predict() const noexcept { return mean_; }

private:
  double weight_;
  std::optional<double> mean_;
};

/// What of the last `window` values a window_forecast takes.
enum class centre { mean, median };

/// Mean or median of the last `window` values (window >= 1), of fewer at the
/// start.
class window_forecast {
public:
  window_forecast(centre what, size_t window) : what_(what), window_(window) {}
  bool add(double value);
  std::optional<double> predict() const;

private:
  centre what_;
  size_t window_;
  std::deque<double> values_;
};

struct adaptive_median_config {
  size_t widest = 100;  ///< windows 1 to this are tried
  size_t every = 100;   ///< values between two choices
  size_t judged = 1000; ///< one-step errors that a choice looks back on
  size_t initial = 31;  ///< window until the first choice
};

/// Median of the last w values, where w is chosen again and again: the window
/// with the least mean absolute one-step error over the values judged, each
/// forecast made from the values before it only; the smallest of equal ones
/// (STOIC's deployment time, see libfaas/batches/README.md). A choice costs
/// judged * widest insertions into at most `widest` sorted values.
class adaptive_median {
public:
  explicit adaptive_median(const adaptive_median_config& config = {})
    : config_(config), window_(config.initial) {}
  bool add(double value);
  std::optional<double> predict() const;
  size_t window() const noexcept { return window_; }

private:
  adaptive_median_config config_;
  size_t window_;
  size_t since_choice_ = 0;
  std::deque<double> values_; ///< judged + widest at most
};

/// The choice of adaptive_median over `values`, the last `judged` of them
/// judged. A value with fewer than w before it is forecast from those it has;
/// the first is not judged. 1 when there are fewer than two values.
size_t best_median_window(std::span<const double> values, size_t widest,
                          size_t judged);

/// x_t = intercept + sum over i of coefficients[i] * x_(t-1-i).
struct ar_fit {
  double intercept = 0;
  std::vector<double> coefficients;
  /// The value after `values`; there are at least as many as coefficients.
  double next(std::span<const double> values) const noexcept;
};

/// AR(order) with intercept by conditional least squares. Empty when there are
/// fewer than 2 * order + 1 values; the solution of least norm where several
/// fit (a constant series).
std::optional<ar_fit> fit_ar(std::span<const double> values, size_t order);

/// fit_ar over the last `window` values; the mean of those there are while
/// they are too few. Fits at each prediction: window * order^2.
class autoregression {
public:
  autoregression(size_t order, size_t window)
    : order_(order), window_(window) {}
  bool add(double value);
  std::optional<double> predict() const;

private:
  size_t order_, window_;
  std::deque<double> values_;
};

} // namespace faas::forecast
