// How good the choices were, with intervals.
#pragma once

#include "libfaas/core/random.hpp"
#include "tools/stoic-replay/play.hpp"

#include <span>

namespace faas::stoic {

/// A mean and its 95 % interval by the bootstrap.
struct interval {
  double mean = 0, low = 0, high = 0;
};

/// Circular block bootstrap (Politis, Romano 1992) of the mean: blocks of
/// `block` batches, as neighbours are alike; `resamples` of them. Empty values:
/// all zero.
interval bootstrap(std::span<const double> values, random_source& random,
                   size_t block = 5, int resamples = 10'000);

/// 1 for each batch where the choice is the best label.
std::vector<double> exact(const record& of, const std::vector<played>& by);
/// 0 where the choice is not the best and one of the two is edge, else 1.
std::vector<double> edge_or_cloud(const record& of,
                                  const std::vector<played>& by);
/// Seconds over the best total, of each batch where `chosen` counts.
std::vector<double> regret(const record& of, const std::vector<played>& by,
                           const std::vector<bool>& counts);
/// Batches of which all four totals are known.
std::vector<bool> complete_ones(const record& of);
/// Batches 0-2, 6, 10-33: known without regard to what the authors chose.
std::vector<bool> contiguous_ones(const record& of);
/// Sum of the least totals of those that count.
double oracle_sum(const record& of, const std::vector<bool>& counts);

} // namespace faas::stoic
