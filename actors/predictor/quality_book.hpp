// How good predictions and promises are, for scraping.
#pragma once

#include "libfaas/core/id.hpp"
#include "libfaas/ports/metrics.hpp"
#include "libfaas/routing/predictor_types.hpp"

#include <mutex>
#include <vector>

namespace faas::actors {

struct pair_quality {
  version_ref version;
  site_name site;
  routing::accuracy values;
};

/// The predictor's own measures, as of the last second. At most `max_rows`
/// pairs, those with the most events. Thread safe.
class quality_book final : public metrics_source {
public:
  static constexpr size_t max_rows = 1000;

  void set(std::vector<pair_quality> all);
  std::vector<metric_family> collect() const override;

private:
  mutable std::mutex mutex_;
  std::vector<pair_quality> rows_;
};

} // namespace faas::actors
