// Whether a late event means that its site is slow, or only that it was one.
#pragma once

namespace faas::routing {

/// How likely it is that an event that comes far too late, alone so far, is the
/// first of many: learned from how it went before, by the mean of a Beta
/// distribution that starts even and remembers some 50 cases. Not thread safe.
class step_odds {
public:
  /// It was: the next one was slow, too.
  void was_step() noexcept { learn(1); }
  /// It was not.
  void was_outlier() noexcept { learn(0); }
  double step() const noexcept { return steps_ / cases_; }

private:
  static constexpr double kept = 0.98;

  void learn(double step) noexcept {
    steps_ = kept * steps_ + step;
    cases_ = kept * cases_ + 1;
  }

  double steps_ = 1, cases_ = 2;
};

} // namespace faas::routing
