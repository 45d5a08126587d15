// A site that serves events in batches.
#pragma once

#include "libfaas/sim/batch_station.hpp"
#include "libfaas/sim/site_servers.hpp"

#include <span>

namespace faas::sim {

/// What becomes of an event depends on those that come after it: it is known
/// when its batch begins. Who knows only the laws goes on with mean times, and
/// takes what was sent as all that will come, and a batch as ended when it
/// should have.
class batch_servers final : public site_servers {
public:
  /// `law` has a batch law. `informs`: knowledge::laws will be asked for.
  batch_servers(const site_law& law, std::span<const function_law> functions,
                bool informs);

  double expect(const draw& event, double there, double now,
                knowledge what) const override;
  double ahead_ms(const draw& event, double there, double now) const override;
  double cold_ms(const draw& event, double there, double now) const override;
  void sent(draw& event, double there, double by_laws, double now) override;
  void returned(const draw& event, double back_ms, double now) override;
  void arrive(uint32_t flight, const draw& event, double now,
              std::vector<settled>& done) override;
  double next() const override { return true_.next(); }
  void go_on(double now, std::vector<settled>& done) override;
  void crash(double until) override;

private:
  const site_law law_;
  const std::vector<function_law> functions_;
  const bool informs_;
  batch_station true_, by_draws_, by_laws_;
  std::vector<batch> begun_; ///< kept for its memory
  uint32_t sent_ = 0;
};

} // namespace faas::sim
