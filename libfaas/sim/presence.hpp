// Which sites are there.
#pragma once

#include "libfaas/sim/happening.hpp"
#include "libfaas/sim/scenario.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace faas::sim {

/// Sites that come and go, in truth and as the gateways see it: one that has
/// crashed is taken to be there until its silence is noticed. `world` must
/// outlive it. Thread rule: one owner.
class presence {
public:
  explicit presence(const scenario& world);

  /// Enters the site's absences: leave, crash, suspect, join.
  void plan(uint32_t site, plan_of_run& into);
  /// What the gateways learn, at suspect, leave and join.
  void see(uint32_t site, bool there) noexcept { seen_[site] = there; }

  /// As the gateways see it; by site, 0 or not.
  std::span<const char> seen() const noexcept { return seen_; }
  bool seen(size_t site) const noexcept { return seen_[site] != 0; }
  /// In truth, too.
  bool up(size_t site, double now) const noexcept {
    return seen(site) && !down(site, now);
  }
  /// It has crashed.
  bool down(size_t site, double now) const noexcept {
    return !world_->sites[site].absent.empty() && down_until(site, now) > 0;
  }
  /// Until when; 0: it has not.
  double down_until(size_t site, double now) const noexcept;
  /// How long its functions are still on their way when it comes at `now`, ms.
  double deploy_ms(size_t site, double now) const noexcept;
  /// After so long its silence is noticed, ms.
  double silence_ms(size_t site) const noexcept {
    return std::max(world_->suspect_ms, 4 * world_->sites[site].link.rtt_ms);
  }

private:
  const scenario* world_;
  std::vector<char> seen_;
};

} // namespace faas::sim
