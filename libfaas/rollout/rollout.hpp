// The course of one rollout: steps, pauses, its end.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/rollout/canary_judge.hpp"
#include "libfaas/rollout/phase.hpp"

#include <vector>

namespace faas::rollout {

struct rollout_spec {
  /// Shares of the traffic that the canary gets, step by step; then all of it.
  /// Empty: all at once.
  std::vector<double> shares;
  duration least_step = std::chrono::seconds{30};
};

/// Pure state machine; not thread safe. Ended phases never change again.
class rollout {
public:
  rollout(rollout_spec spec, judge_config config);

  /// The canary can take events on its sites; or never will.
  void ready(time_point now);
  void cannot_start();
  void event(uint32_t site, arm ran, bool failed, double latency_ms) {
    judge_.add(site, ran, failed, latency_ms);
  }
  /// Looks at the evidence; true when phase or share changed. A paused canary
  /// is rolled back all the same when it is bad.
  bool look(time_point now);
  bool pause();
  bool resume(time_point now);
  bool abort();
  /// Takes over where a record says the rollout is: another step's evidence
  /// starts anew, and so does its time.
  void restore(phase at, size_t step, time_point now);

  phase now() const noexcept { return phase_; }
  bool ended() const noexcept { return phase_ >= phase::promoted; }
  size_t step() const noexcept { return step_; }
  /// Share of the traffic for the canary, 0 to 1.
  double share() const noexcept;
  /// Why it was rolled back.
  verdict why() const noexcept { return why_; }
  double compared() const noexcept { return judge_.compared(); }

private:
  rollout_spec spec_;
  canary_judge judge_;
  phase phase_ = phase::warming;
  verdict why_ = verdict::wait;
  size_t step_ = 0;
  time_point since_{};
};

} // namespace faas::rollout
