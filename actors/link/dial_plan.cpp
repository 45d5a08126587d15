#include "actors/link/dial_plan.hpp"

#include <algorithm>

namespace faas::actors {

bool dial_plan::due(size_t i, time_point now) const noexcept {
  return !dials_[i].busy && now >= dials_[i].next;
}

bool dial_plan::failed(size_t i, duration up, time_point now,
                       random_source& random) {
  auto& dial = dials_[i];
  if (up >= lasting)
    dial.pause_ms = first_pause_ms;
  const bool first = dial.pause_ms == first_pause_ms;
  dial.busy = false;
  dial.next = now + from_ms(dial.pause_ms * (0.5 + random.uniform()));
  dial.pause_ms = std::min(2 * dial.pause_ms, longest_pause_ms);
  return first;
}

} // namespace faas::actors
