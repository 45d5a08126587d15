#include "libfaas/routing/policies/weighted.hpp"

namespace faas::routing {

double weighted::cost(const prediction& of) const noexcept {
  return how_.latency * (of.total + how_.social * of.imposed)
         + how_.price * of.price + how_.energy * of.joule;
}

standing weighted::rank(const prediction& of, site_index, const event_features&,
                        random_source&) const noexcept {
  return {cost(of)};
}

pick weighted::choose(const decision& so_far, const event_features& event,
                      random_source& random, time_point) noexcept {
  const auto best
    = least_by(so_far, [&](uint8_t i) { return cost(so_far.parts[i]); });
  return now_and_then_another(so_far, best,
                              event.may_explore ? how_.explore : 0, random);
}

} // namespace faas::routing
