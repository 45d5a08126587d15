// Large batches in steps. A call of a model cannot be interrupted, and its
// intermediate tensors grow with the batch until they fall out of the caches
// and cost page faults (measured for
// examples/classify: 0.093 ms an image at n = 300 in one go, 0.083 in steps of
// 32; twice that in one go when malloc returns the memory in between). So a
// model whose items do not depend on each other runs large batches in steps,
// with a look at the deadline between them.
#pragma once

#include "functions/torch/trial_point.hpp"

#include <cstdint>
#include <vector>

namespace faas::torch_runtime {

/// Some items of a batch.
struct part {
  int64_t first = 0;
  int64_t count = 0;
  bool operator==(const part&) const = default;
};

/// A batch of n in parts of about `step` (at most half as many more), as equal
/// as can be; one part when step is 0. Pure.
std::vector<part> split(int64_t n, int64_t step);

/// Times of the same items, run in steps of each size, one after the other; and
/// that again in more rounds. All sizes of a round ran at nearly the same
/// moment: a machine that is now fast and now slow (1x to 1.7x was seen, for
/// seconds at a time) changes the times of a round, not their ratios.
struct step_trial {
  std::vector<int64_t> steps; ///< rising
  std::vector<std::vector<double>> rounds; ///< ms, in the order of steps
};

/// The smallest step whose time over that of the largest one is, in the median
/// of the rounds, within 2 % of the least; the largest without rounds; 0
/// without steps. Pure.
int64_t best_step(const step_trial& trial);

/// Steps worth a trial: sizes of the points whose time per item in that layout
/// is at most twice the least. Pure.
std::vector<int64_t> likely_steps(const std::vector<trial_point>& points,
                                  memory_layout layout);

} // namespace faas::torch_runtime
