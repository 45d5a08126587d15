// More than one runtime at once: who starts, who goes on.
#pragma once

#include "libfaas/batches/predictor.hpp"

namespace faas::batches {

enum class phase { idle, deploying, processing, dropped };

/// How far one runtime is with the batch.
struct progress {
  phase at = phase::idle;
  double elapsed_s = 0; ///< in this phase
};

struct hedge_config {
  /// What a second of a further runtime costs, in seconds of answer time. 0:
  /// work is free; 1: two runtimes must halve the time to pay.
  double price = 0.05;
  /// At most this many at once; 1 to 8 runtimes in all.
  size_t most = 4;
};

/// Who should run from now on, by runtime, given draws of what the batch may
/// meet: the set S that makes E[min of S's remaining times] * (1 + price *
/// (|S| - 1)) least; all of S run until the first is done, then the others are
/// cancelled, so that each costs that minimum. What was spent already does not
/// count. A runtime that is deploying or processing is drawn from what is still
/// possible. A dropped one stays out. Nothing set: nobody can be had.
std::vector<bool> choose_set(const batch& next,
                             const std::vector<scenario_draw>& draws,
                             const std::vector<progress>& now,
                             const hedge_config& config, random_source& random);

/// STOIC's Duplicator when the accelerator is ready `waited_s` after the edge
/// began: true if what the edge is expected to need still exceeds the
/// accelerator's processing time.
constexpr bool moves_to_accelerator(double edge_s, double waited_s,
                                    double accelerator_s) noexcept {
  return edge_s - waited_s > accelerator_s;
}

} // namespace faas::batches
