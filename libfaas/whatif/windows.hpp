// The course of a quantity over the time of a recording; for the fits only.
#pragma once

#include "libfaas/forecast/theil_sen.hpp"
#include "libfaas/sim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

namespace faas::whatif {

/// What fills a time in which nothing was measured.
enum class gap : uint8_t {
  said,   ///< what the predictor said then, bridged to what was measured
  typical ///< the median of what was measured at other times
};

/// Values by windows of time, of two kinds: measured ones, and what the
/// predictor said, which is there also where nothing was measured.
class windows {
public:
  static constexpr size_t enough = 5; ///< measured values that need no support

  windows(double length_ms, double window_ms)
    : window_ms_(window_ms),
      measured_(static_cast<size_t>(std::ceil(length_ms / window_ms)) + 1),
      said_(measured_.size()) {}

  void measured(double at, double value) { of(measured_, at).push_back(value); }
  void said(double at, double value) { of(said_, at).push_back(value); }

  /// One value per window: the median of the measured ones, drawn to what was
  /// said where they are few. Between measured windows: what was said, plus
  /// what that was off at both ends, from one to the other along the time. A
  /// belief that had grown stale is so believed less and less.
  std::vector<double> course(gap by) {
    auto ends = medians(measured_);
    believed_ = static_cast<size_t>(std::count(ends.begin(), ends.end(),
                                               std::nullopt));
    std::vector<double> known;
    for (const auto& one : ends)
      if (one)
        known.push_back(*one);
    const auto typical = known.empty() ? 0 : forecast::median(known);
    auto base = by == gap::typical && !known.empty()
                  ? std::vector<double>(ends.size(), typical)
                  : filled(medians(said_), typical);
    for (size_t i = 0; i < ends.size(); ++i)
      if (const auto n = measured_[i].size(); n > 0 && n < enough) {
        const auto share = static_cast<double>(n) / static_cast<double>(n + 1);
        ends[i] = base[i] + (*ends[i] - base[i]) * share;
      }
    return bridged(ends, base, by);
  }

  /// Share of the windows where nothing was measured; after course().
  double believed_share() const noexcept {
    return static_cast<double>(believed_)
           / static_cast<double>(measured_.size());
  }

private:
  using lists = std::vector<std::vector<double>>;
  using maybe = std::vector<std::optional<double>>;

  std::vector<double>& of(lists& all, double at) const noexcept {
    return all[std::min(static_cast<size_t>(std::max(at, 0.0) / window_ms_),
                        all.size() - 1)];
  }

  static maybe medians(lists& of) {
    maybe made;
    for (auto& values : of)
      made.push_back(values.empty() ? std::nullopt
                                    : std::optional{forecast::median(values)});
    return made;
  }

  /// Gaps take the value before, those at the begin the first one.
  static std::vector<double> filled(const maybe& from, double otherwise) {
    const auto first
      = std::find_if(from.begin(), from.end(),
                     [](const auto& v) { return v.has_value(); });
    std::vector<double> made;
    double last = first == from.end() ? otherwise : **first;
    for (const auto& one : from)
      made.push_back(last = one.value_or(last));
    return made;
  }

  static std::vector<double> bridged(const maybe& ends,
                                     std::vector<double> base, gap by) {
    std::optional<size_t> left;
    const auto bridge = [&](size_t from, size_t until, double a, double b) {
      for (size_t i = from; i < until; ++i)
        base[i] += a
                   + (b - a) * static_cast<double>(i - from + 1)
                       / static_cast<double>(until - from + 1);
    };
    double off = 0; ///< what was said is off by, at the last measured window
    for (size_t i = 0; i < ends.size(); ++i) {
      if (!ends[i])
        continue;
      const auto from = left ? *left + 1 : 0;
      if (i > from && by == gap::said) {
        const auto here = *ends[i] - base[i - 1]; // before it learned
        bridge(from, i, left ? off : here, here);
      }
      off = *ends[i] - base[i];
      base[i] = *ends[i];
      left = i;
    }
    if (left && by == gap::said)
      bridge(*left + 1, ends.size(), off, off);
    return base;
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
