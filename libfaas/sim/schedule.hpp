// A factor that changes at given times: the disturbances of a scenario.
#pragma once

#include <cstddef>
#include <vector>

namespace faas::sim {

/// Piecewise constant over time; 1 before the first step. With a period it
/// repeats. Factors are over 0, times in ms since the start, rising.
class schedule {
public:
  struct step {
    double from = 0;
    double factor = 1;
  };
  schedule() = default;
  /// `period` 0: it does not repeat. Steps of a period lie within it.
  explicit schedule(std::vector<step> steps, double period = 0)
    : steps_(std::move(steps)), period_(period) {}

  bool changes() const noexcept { return !steps_.empty(); }
  bool repeats() const noexcept { return period_ > 0; }
  const std::vector<step>& steps() const noexcept { return steps_; }
  double period() const noexcept { return period_; }
  double at(double when) const noexcept {
    double until = 0;
    return steps_.empty() ? 1 : holds(when, until);
  }
  /// The highest of its factors; 1 without.
  double highest() const noexcept;
  /// When work of that many ms (at factor 1) is done that begins then, if a
  /// factor of 2 makes it take twice as long.
  double done(double begin, double work) const noexcept;

private:
  /// The factor at `when`, and until when it holds (infinity: for ever).
  double holds(double when, double& until) const noexcept;

  std::vector<step> steps_;
  double period_ = 0;
};

} // namespace faas::sim
