#include "libfaas/sim/station.hpp"

#include <algorithm>
#include <functional>

namespace faas::sim {

station::station(size_t servers, schedule slowdown, double from)
  : slowdown_(std::move(slowdown)),
    free_(std::max<size_t>(servers, 1), from) {}

service_time station::look(double now, double work) const noexcept {
  const auto begin = std::max(now, free_.front());
  return {begin, slowdown_.done(begin, work)};
}

service_time station::admit(double now, double work) {
  const auto when = look(now, work);
  std::pop_heap(free_.begin(), free_.end(), std::greater<>{});
  free_.back() = when.end;
  std::push_heap(free_.begin(), free_.end(), std::greater<>{});
  return when;
}

size_t station::busy(double now) const noexcept {
  return static_cast<size_t>(std::count_if(
    free_.begin(), free_.end(), [&](double when) { return when > now; }));
}

} // namespace faas::sim
