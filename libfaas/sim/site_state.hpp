// A site and its link while a run goes on.
#pragma once

#include "libfaas/routing/recent_latencies.hpp"
#include "libfaas/sim/reply_line.hpp"
#include "libfaas/sim/site_servers.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

namespace faas::sim {

/// Thread rule: one owner.
class site_state {
public:
  /// `informs`: knowledge::laws will be asked for. `index`: of the site in its
  /// scenario.
  site_state(const site_law& law, std::span<const function_law> functions,
             bool informs, size_t index = 0);

  const site_law& law() const noexcept { return law_; }
  double slowdown(double now) const noexcept {
    return law_.slowdown * law_.disturbance.at(now);
  }
  double rtt_ms(double now) const noexcept {
    return law_.link.rtt_ms * law_.link.rtt_factor.at(now);
  }

  /// What by the laws is ahead of an event that is sent now: bytes on the link,
  /// and work at the site (site_servers::ahead_ms).
  double link_ahead_ms(double now) const noexcept {
    return std::max(0.0, link_free_ - now);
  }
  double work_ahead_ms(const draw& event, double now) const {
    return servers_->ahead_ms(
      event, std::max(link_free_, now) + transit(event, now, false), now);
  }
  double cold_ms(const draw& event, double now) const {
    return servers_->cold_ms(
      event, std::max(link_free_, now) + transit(event, now, false), now);
  }
  /// The same of replies: those that will be ready before one of that event.
  double replies_ahead_ms(const draw& event, double now) const;
  /// Of the link there and back, at that time.
  routing::way_bytes ms_per_byte(double now) const noexcept {
    const auto factor = law_.link.ms_per_byte_factor.at(now);
    return {law_.link.ms_per_byte * factor,
            law_.link.back_ms_per_byte * factor};
  }
  size_t index() const noexcept { return index_; }
  /// Expected latency of that event sent now.
  double expect(const draw& event, double now, knowledge what) const;
  /// It is sent: when it will arrive. Link and expectations move on.
  double send(draw& event, double now);
  /// It has returned, which whoever knows only the laws learns now.
  void returned(const draw& event, double now) {
    servers_->returned(event, rtt_ms(now) / 2 + law_.link.jitter_ms, now);
  }
  /// It has arrived, and when it will have been served is added to `done` for
  /// all of which that is known now.
  void arrive(uint32_t flight, const draw& event, double now,
              std::vector<settled>& done) {
    ++inside_;
    servers_->arrive(flight, event, now, done);
  }
  /// When go_on() has to be called.
  double next() const { return servers_->next(); }
  void go_on(double now, std::vector<settled>& done) {
    servers_->go_on(now, done);
  }
  /// When the reply of an event is at the gateway that ends now. The link moves
  /// on.
  double back(const draw& event, double now);
  /// It is gone, with all that it had, and will be back then with nothing
  /// loaded.
  void crash(double until);
  /// It has come, and serves from then on, with nothing loaded. Not if events
  /// are here from before: then its functions are, too. Whether it is so.
  bool deploy(double until);
  /// An event has been served that found so many here when it came, and took
  /// so long.
  void ended(double found, double ms) noexcept;
  /// What events took here lately that found about as many as there are now
  /// (median of the nearest eight); 0: none yet.
  double lately_ms() const;
  /// Events here that have not ended, of all gateways.
  size_t inside() const noexcept { return inside_; }

private:
  double transit(const draw& event, double now, bool drawn) const noexcept;
  double way_back(const draw& event, double now) const noexcept;
  double carry_back(const draw& event, double now) const noexcept {
    return event.bytes.down * ms_per_byte(now).down;
  }
  double end_of(const draw& event, double now, knowledge what) const;
  draw here(const draw& event) const noexcept;

  site_law law_;
  size_t index_;
  std::unique_ptr<site_servers> servers_;
  std::unique_ptr<routing::recent_latencies> lately_
    = std::make_unique<routing::recent_latencies>();
  size_t inside_ = 0;
  double link_free_ = 0, back_free_ = 0;
  reply_line replies_, law_replies_; ///< as the draws say, and the laws
};

} // namespace faas::sim
