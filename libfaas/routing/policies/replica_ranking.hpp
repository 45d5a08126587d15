// C3's ranking of replicas.
#pragma once

#include "libfaas/routing/policies/by_site.hpp"

namespace faas::routing {

/// Suresh et al., "C3: Cutting Tail Latency in Cloud Data Stores via Adaptive
/// Replica Selection" (NSDI 2015): score = R - S + q^b S with exponential
/// averages of response time R and service time S, and the estimated queue
/// q = 1 + in flight * clients + reported queue. Without its rate control, as
/// in Elasticsearch. A failed event counts as service of the time it took, but of
/// both no less than is usual (failed_ms); a site never tried comes first, the
/// rest of those under way last.
class replica_ranking final : public policy {
public:
  struct config {
    double alpha = 0.9;  ///< weight of the newest (that of its Cassandra)
    double exponent = 3; ///< b
    double clients = 1;  ///< routers that send to the same sites
  };
  explicit replica_ranking(const config& how) : how_(how) {}
  std::string_view name() const noexcept override { return "c3"; }
  bool predicts() const noexcept override { return false; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  void ended(const outcome& seen) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;

private:
  double score(const prediction& of, site_index site) const noexcept;

  struct averages {
    double response = 0, service = 0, queue = 0;
    bool started = false;
  };
  config how_;
  by_site<averages> sites_;
};

} // namespace faas::routing
