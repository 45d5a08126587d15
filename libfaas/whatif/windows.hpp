// The course of a quantity over the time of a recording; for the fits only.
#pragma once

#include "libfaas/forecast/theil_sen.hpp"
#include "libfaas/sim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace faas::whatif {

/// Values by windows of time, of two kinds: measured ones, and what the
/// predictor said, which is there also where nothing was measured.
class windows {
public:
  static constexpr size_t enough = 5; ///< measured values for a median

  windows(double length_ms, double window_ms)
    : window_ms_(window_ms),
      measured_(static_cast<size_t>(std::ceil(length_ms / window_ms)) + 1),
      said_(measured_.size()) {}

  void measured(double at, double value) { of(measured_, at).push_back(value); }
  void said(double at, double value) { of(said_, at).push_back(value); }

  /// One value per window: the median of the measured ones where there are
  /// enough, else what was said, less what that is off where both are known.
  std::vector<double> course() {
    const auto m = medians(measured_, enough), s = medians(said_, 1);
    std::vector<double> off;
    for (size_t i = 0; i < m.size(); ++i)
      if (m[i] && s[i])
        off.push_back(*m[i] - *s[i]);
    const auto shift = off.empty() ? 0 : forecast::median(off);
    std::vector<std::optional<double>> made(m.size());
    for (size_t i = 0; i < m.size(); ++i) {
      if (m[i])
        made[i] = m[i];
      else if (s[i]) {
        made[i] = *s[i] + shift;
        ++believed_;
      }
    }
    return filled(made);
  }

  /// Share of the windows where only the predictor's word is known; after
  /// course().
  double believed_share() const noexcept {
    return static_cast<double>(believed_)
           / static_cast<double>(measured_.size());
  }

private:
  using lists = std::vector<std::vector<double>>;

  std::vector<double>& of(lists& all, double at) const noexcept {
    return all[std::min(static_cast<size_t>(std::max(at, 0.0) / window_ms_),
                        all.size() - 1)];
  }

  static std::vector<std::optional<double>> medians(lists& of, size_t least) {
    std::vector<std::optional<double>> made;
    for (auto& values : of)
      made.push_back(values.size() < least
                       ? std::nullopt
                       : std::optional{forecast::median(values)});
    return made;
  }

  /// Gaps take the value before, those at the begin the first one.
  static std::vector<double>
  filled(const std::vector<std::optional<double>>& from) {
    const auto first = std::find_if(from.begin(), from.end(),
                                    [](const auto& v) { return v.has_value(); });
    std::vector<double> made;
    double last = first == from.end() ? 0 : **first;
    for (const auto& one : from)
      made.push_back(last = one.value_or(last));
    return made;
  }

  double window_ms_;
  lists measured_, said_;
  size_t believed_ = 0;
};

/// A schedule that has factor(value) in each window.
template <class Factor>
sim::schedule steps_of(const std::vector<double>& course, double window_ms,
                       Factor factor) {
  std::vector<sim::schedule::step> steps;
  for (size_t i = 0; i < course.size(); ++i)
    steps.push_back({static_cast<double>(i) * window_ms, factor(course[i])});
  return sim::schedule{std::move(steps)};
}

} // namespace faas::whatif
