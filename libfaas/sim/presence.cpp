#include "libfaas/sim/presence.hpp"

namespace faas::sim {

presence::presence(const scenario& world)
  : world_(&world), seen_(world.sites.size(), 1) {}

void presence::plan(uint32_t site, plan_of_run& into) {
  for (const auto& one : world_->sites[site].absent) {
    const bool first = one.from <= 0;
    if (first)
      see(site, false);
    else
      into.add(one.from, {one.crash ? step::crash : step::leave, site});
    if (!first && one.crash)
      into.add(one.from + silence_ms(site), {step::suspect, site});
    if (one.until < world_->length_ms)
      into.add(one.until, {step::join, site});
  }
}

double presence::down_until(size_t site, double now) const noexcept {
  for (const auto& one : world_->sites[site].absent)
    if (one.crash && now >= one.from && now < one.until)
      return one.until;
  return 0;
}

double presence::deploy_ms(size_t site, double now) const noexcept {
  for (const auto& one : world_->sites[site].absent)
    if (one.until == now)
      return one.deploy_ms;
  return 0;
}

} // namespace faas::sim
