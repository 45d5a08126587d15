// The gateway's own metrics, collected from the cells of its loops.
#pragma once

#include "libfaas/ports/metrics.hpp"

#include <atomic>
#include <memory>
#include <vector>

namespace faas::http {

class http_loop;

/// Merges the loops' cells on scrape: OpenFaaS's names for functions,
/// petrel_gateway_* for the server itself.
class gateway_metrics final : public metrics_source {
public:
  /// The loops must not change once scraping begins.
  gateway_metrics(const std::vector<std::unique_ptr<http_loop>>& loops,
                  const std::atomic<uint64_t>& refused)
    : loops_(loops), refused_(refused) {}

  std::vector<metric_family> collect() const override;
  /// Answers ever given for that function.
  uint64_t invocations(std::string_view function) const;

private:
  const std::vector<std::unique_ptr<http_loop>>& loops_;
  const std::atomic<uint64_t>& refused_;
};

} // namespace faas::http
