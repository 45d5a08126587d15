// A site and its link while a run goes on.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/routing/queue_model.hpp"
#include "libfaas/sim/scenario.hpp"
#include "libfaas/sim/station.hpp"

#include <vector>

namespace faas::sim {

/// Predictors take time points; some time has passed before the run.
inline time_point at(double ms) noexcept {
  return time_point{} + from_ms(1e6 + ms);
}

/// One event, drawn before it is known where it will run, so that all policies
/// meet the same events.
struct draw {
  double sent = 0; ///< ms
  size_t function = 0, gateway = 0;
  size_t only = traffic::any; ///< see traffic
  double size = 1;
  double work = 1; ///< ms at slow-down 1, with noise
  double mean_work = 1;
  double up_jitter = 0, down_jitter = 0; ///< as shares of the jitter's mean
  double up_luck = 1, down_luck = 1;     ///< below the loss: sent again
  double bytes = 0;
  double law_service = 0; ///< by the laws, where it was sent
  /// What it meets at each site, in place of work and jitter; null: not known.
  const site_draw* by_site = nullptr;
};

/// What passes between a dispatch and its reply.
struct passage {
  double at_site = 0;  ///< arrival there
  double begin = 0;    ///< of service, cold start included
  double end = 0;
  double back = 0;     ///< at the gateway
  double cold_ms = 0;
};

/// Who knows how much of the future of an event.
enum class knowledge : uint8_t {
  draws, ///< the clairvoyant: what was drawn for it
  laws   ///< the informed: only the laws, and who has returned
};

/// Thread rule: one owner. Besides the true state it keeps, for either
/// knowledge, the state that would be expected from what was sent so far: with
/// what is still on its way taken as ahead.
class site_state {
public:
  /// `index`: of the site in its scenario.
  site_state(const site_law& law, size_t functions, size_t index = 0);

  const site_law& law() const noexcept { return law_; }
  double slowdown(double now) const noexcept {
    return law_.slowdown * law_.disturbance.at(now);
  }
  double rtt_ms(double now) const noexcept {
    return law_.link.rtt_ms * law_.link.rtt_factor.at(now);
  }

  /// Expected latency of that event sent now.
  double expect(const draw& event, double now, knowledge what) const noexcept;
  /// It is sent: when it will arrive. Link and expectations move on.
  double send(draw& event, double now);
  /// It has returned, which whoever knows only the laws learns now.
  void returned(const draw& event, double now);
  /// It has arrived: served in its turn.
  passage serve(const draw& event, double now);
  /// It is gone, with all that it had, and will be back then with nothing
  /// loaded.
  void crash(double until);
  /// An event has been served that found so many here when it came, and took
  /// so long.
  void ended(double found, double ms) noexcept;
  /// What events took here lately that found about as many as there are now
  /// (median of the nearest eight); 0: none yet.
  double lately_ms() const;
  /// Events here that have not ended, of all gateways.
  size_t inside() const noexcept { return inside_; }

private:
  struct shadow {
    station servers;
    std::vector<double> warm_until; ///< by function
  };

  double transit(const draw& event, double now, bool drawn) const noexcept;
  /// On this site when nothing disturbs it, ms.
  double work_of(const draw& event, bool drawn) const noexcept;
  double way_back(const draw& event, double now) const noexcept;
  /// Of an event that arrives there, as far as the laws tell.
  double service_by_laws(const draw& event, double there) const noexcept;

  site_law law_;
  size_t index_;
  station true_;
  std::vector<double> warm_until_;
  shadow by_draws_;
  /// The product's own model of a queue, fed with the true laws.
  routing::site_load load_;
  std::vector<double> by_laws_warm_; ///< until when, by function
  std::vector<std::pair<double, double>> lately_; ///< a ring: found, ms
  size_t ended_ = 0, inside_ = 0;
  double link_free_ = 0;
};

} // namespace faas::sim
