// The ways to place batches that are compared, and what is fixed for them.
#pragma once

#include "tools/stoic-replay/play.hpp"

#include <functional>

namespace faas::stoic {

struct contender {
  std::string name;
  /// What it learns from, for the reader of a table.
  std::string feedback;
  bool hedges = false;
  /// Needs all totals of a batch to be told at all (oracle, worst, hedging).
  bool needs_totals = false;
  std::function<std::unique_ptr<player>()> make;
};

/// Petrel's settings in this experiment; frozen before the record was read.
batches::petrel_config frozen_petrel(uint64_t seed);

/// Price of a second of extra work of the hedging rows.
inline constexpr double hedge_prices[] = {0, 0.03, 0.1};

/// All rows. `runtimes`: what is expected before the first batch; `hindsight`:
/// lines and median deployments of the whole record, for the row that knows
/// them.
std::vector<contender>
contenders(const std::vector<batches::runtime_spec>& runtimes,
           const std::vector<batches::runtime_spec>& hindsight, uint64_t seed);

} // namespace faas::stoic
