// Metrics without a registry: whoever counts also reports, on scrape.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace faas {

struct metric_sample {
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;                ///< counter or gauge
  std::vector<uint64_t> buckets;   ///< histogram: cumulative, one per bound
  uint64_t count = 0;              ///< histogram
  double sum = 0;                  ///< histogram
};

struct metric_family {
  enum class kind : uint8_t { counter, gauge, histogram };
  std::string name; ///< base units: _seconds, _bytes, _total
  std::string help;
  kind type = kind::counter;
  std::vector<double> bounds; ///< histogram: upper bounds without +Inf
  std::vector<metric_sample> samples;
};

/// Anything that can be scraped. collect() may be called on any thread, also
/// while counting goes on; it must not block on the hot path.
class metrics_source {
public:
  virtual ~metrics_source() = default;
  virtual std::vector<metric_family> collect() const = 0;
};

} // namespace faas
