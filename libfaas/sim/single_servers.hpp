// A site that serves events one by one.
#pragma once

#include "libfaas/routing/queue_model.hpp"
#include "libfaas/sim/loading_station.hpp"
#include "libfaas/sim/site_servers.hpp"

#include <span>

namespace faas::sim {

/// Since nobody overtakes, what becomes of an event is known when it arrives.
class single_servers final : public site_servers {
public:
  /// `informs`: knowledge::laws will be asked for. The functions are not kept.
  single_servers(const site_law& law, std::span<const function_law> functions,
                 bool informs);

  double expect(const draw& event, double there, double now,
                knowledge what) const override;
  double ahead_ms(const draw& event, double there, double now) const override;
  double cold_ms(const draw& event, double there, double now) const override;
  void sent(draw& event, double there, double by_laws, double now) override;
  void returned(const draw& event, double back_ms, double now) override;
  void arrive(uint32_t flight, const draw& event, double now,
              std::vector<settled>& done) override;
  void crash(double until) override;

private:
  double free_in_ms(double now) const noexcept;

  const site_law law_;
  const std::vector<function_law> functions_;
  const bool informs_;
  loading_station true_, by_draws_;
  /// By the laws: the product's own model of a queue, fed with the true laws;
  /// of a wait for memory it knows nothing.
  routing::site_load load_;
  /// Some function is memoryless: how long an event has been served says
  /// nothing of its end.
  const bool memoryless_;
  double closed_until_ = 0; ///< nothing is served before
  double open_ms_ = 0; ///< of what has not returned, by the laws
  residency memory_;
};

} // namespace faas::sim
