// Draws of a world like STOIC's, to develop and tune on.
#pragma once

#include "libfaas/core/random.hpp"
#include "tools/stoic-replay/record.hpp"

namespace faas::stoic {

/// A record of `batches` batches from laws whose parameters are drawn anew from
/// ranges around published statistics (docs/results/stoic.md names them). No
/// number of a published batch is used. `runtimes` are those the policies start
/// from: their profiles are off by up to a third from what holds here. Which
/// processing times are known to policies follows the published record: all in
/// batches 0-2, 6 and 10-33, few later; the totals for scoring are complete.
struct synthetic {
  record seen;  ///< with what was not published left out
  record whole; ///< the same batches, all parts known
};
synthetic draw_synthetic(const std::vector<batches::runtime_spec>& runtimes,
                         random_source& random, size_t batches = 154);

} // namespace faas::stoic
