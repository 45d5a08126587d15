// Whether a new version is as good as the one in service.
#pragma once

#include "libfaas/rollout/baseline.hpp"
#include "libfaas/rollout/e_process.hpp"

#include <cstdint>
#include <map>

namespace faas::rollout {

struct judge_config {
  /// A good canary is rolled back with at most this probability for each of the
  /// two reasons, over the whole rollout.
  double false_rollback = 0.004;
  /// A bad one passes a step with at most this probability for each of them.
  double false_pass = 0.05;
  /// No worse than this is good enough: further share of errors, further share
  /// of events that are slow by the old version's measure.
  double error_margin = 0.01, slow_margin = 0.05;
  /// From here on it is bad.
  double bad_error_margin = 0.04, bad_slow_margin = 0.20;
  /// A difference of less than this is not slow: a version that is called
  /// seldom is cold, which matters in microseconds only.
  double slow_floor_ms = 0;
};

enum class verdict : uint8_t {
  wait,          ///< too little is known yet
  pass,          ///< as good as the old version: next step
  too_many_errors,
  too_slow,
};

/// Which version an event ran.
enum class arm : uint8_t { old_version, canary };

/// Compares two versions that serve at the same time, site by site. Pure; not
/// thread safe.
class canary_judge {
public:
  explicit canary_judge(judge_config config = {}) : config_(config) {}

  /// `site`: any number that stands for one. Events of a canary at a site where
  /// the old version has done too little are not counted.
  void add(uint32_t site, arm ran, bool failed, double latency_ms);
  verdict judge() const noexcept;
  /// Forgets what speaks for the canary, not what speaks against it.
  void next_step() noexcept;

  double compared() const noexcept { return errors_.count(); }

private:
  judge_config config_;
  std::map<uint32_t, baseline> sites_;
  e_process errors_, slowness_; ///< against "it is good"
  e_process no_errors_, not_slow_; ///< against "it is bad"
};

} // namespace faas::rollout
