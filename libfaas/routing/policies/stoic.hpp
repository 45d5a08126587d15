// STOIC's Selector as a policy for events.
#pragma once

#include "libfaas/forecast/lines.hpp"
#include "libfaas/forecast/series.hpp"
#include "libfaas/routing/policies/by_site.hpp"

#include <memory>

namespace faas::routing {

/// The least of transfer + deployment + processing, each forecast per site as
/// STOIC does (Zhang, Krintz, Wolski: "STOIC", PerCom workshops 2020, and
/// SPE 51(9), 2021): bytes over the last bandwidth seen; the median of the last
/// w deployments, w chosen anew each 100; a line in the size over the last ten
/// events (`line`). The first two events of a site are its set-up, as STOIC's two
/// batches on each runtime; who never answered comes last. It knows neither queues nor drift, and
/// never explores: what Petrel's own rule is compared with. A deployment counts
/// where the predictor takes the function to be out of memory. Each hundredth
/// deployment of a site costs ended() some ms.
class stoic final : public policy {
public:
  explicit stoic(forecast::line_method line = forecast::line_method::ransac);
  std::string_view name() const noexcept override { return "stoic"; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  void ended(const outcome& seen) noexcept override;

private:
  struct history {
    explicit history(forecast::line_method line);
    forecast::adaptive_median deploys;
    forecast::line_window processing;
  };
  struct known {
    std::shared_ptr<history> past; ///< made with the first answer
    forecast::straight_line fit{0, 0};
    double deploy_ms = 0;
    double fixed_ms = 0;    ///< transfer of events without bytes
    double ms_per_byte = 0;
    size_t tries = 0; ///< set-up events sent there
  };
  forecast::line_method line_;
  by_site<known> sites_;
};

} // namespace faas::routing
