// Results as JSON.
#pragma once

#include "tools/stoic-replay/record.hpp"

#include <nlohmann/json.hpp>

namespace faas::stoic {

/// What the files say, read once.
struct inputs {
  record published, semisynthetic;
  std::vector<batches::runtime_spec> runtimes, hindsight;
};
result<inputs> read_inputs(const file_reader& files);

/// Every way to place batches over the published record, and the parts of the
/// prediction alone. Times in seconds, shares as fractions; an interval is
/// [mean, low, high].
nlohmann::json report_published(const inputs& from, uint64_t seed);

/// The same over `draws` synthetic records, seeds from `seed` on; intervals
/// over draws. For development: no published batch is read.
nlohmann::json
report_synthetic(const std::vector<batches::runtime_spec>& runtimes,
                 uint64_t seed, int draws);

} // namespace faas::stoic
