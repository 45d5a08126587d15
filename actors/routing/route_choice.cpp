#include "actors/routing/route_choice.hpp"

#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/routing/policies/min_latency.hpp"
#include "libfaas/routing/policies/plain.hpp"

namespace faas::actors {

std::unique_ptr<routing::policy> policy_of(const route& of) {
  if (of.policy == "static") // also to a site that is not known (yet)
    return std::make_unique<routing::static_site>(of.fixed);
  auto made = routing::make_policy(of.policy);
  return made ? std::move(*made) : std::make_unique<routing::min_latency>();
}

std::string policy_text(const route& of) {
  return of.policy == "static" ? of.policy + ":" + of.fixed_name : of.policy;
}

} // namespace faas::actors
