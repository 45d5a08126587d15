// What another policy would have taken, from a log with propensities.
//
// Horvitz and Thompson (1952) for inverse propensity; Dudik, Langford and Li,
// "Doubly robust policy evaluation and learning" (ICML 2011); Swaminathan and
// Joachims, "The self-normalized estimator" (NIPS 2015); intervals: Efron's
// percentile bootstrap over blocks of consecutive events.
#pragma once

#include <cstdint>
#include <span>

namespace faas::decisions {

/// One logged event as the estimators see it; ms.
struct logged_choice {
  double latency = 0;    ///< measured
  double propensity = 1; ///< of what was chosen, by the policy that chose
  double logged = 1;     ///< probability that the event is in the log
  double target = 0;     ///< probability that the other policy chooses the same
  double model = 0;      ///< predicted latency of what was chosen
  double target_model = 0; ///< the same, mean over what the other would choose
};

/// Mean of the events' latency with its 95 % interval. No numbers when the
/// log says nothing of it.
struct interval {
  double mean = 0, low = 0, high = 0;
};

struct off_policy_options {
  /// Weights are cut here: a little bias for much less variance.
  double clip = 100;
  int replicates = 1000; ///< of the bootstrap
  uint64_t seed = 1;
};

struct off_policy_result {
  uint64_t events = 0;
  /// Left out: no finite latency or model, or no probability in (0, 1].
  uint64_t unusable = 0;
  interval logged;          ///< what the logged choices took: no estimate
  interval direct;          ///< the model alone
  interval inverse;         ///< inverse propensity: no model
  interval self_normalised; ///< the same over the weights' own mean
  interval doubly_robust;   ///< model, corrected where the log has evidence
  interval change;          ///< doubly robust minus logged, paired
  /// Mean weight: the share of the other policy's choices that the logged one
  /// could have made. Where it is well below 1 `inverse` is too low by the
  /// rest, and `doubly_robust` is the model for the rest.
  double overlap = 0;
  double effective = 0; ///< events that as many even weights would be
  double largest_weight = 0;
  uint64_t clipped = 0; ///< events
};

/// Unbiased (`inverse`, `doubly_robust`) while nothing is clipped, overlap is 1
/// and events do not change each other. Deterministic.
off_policy_result evaluate(std::span<const logged_choice> log,
                           const off_policy_options& options = {});

} // namespace faas::decisions
