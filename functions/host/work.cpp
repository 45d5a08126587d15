#include "functions/host/work.hpp"

#include <algorithm>

namespace faas::host {

void service_floor::add(duration service) noexcept {
  now_ = std::min(now_, service);
  if (++count_ < window)
    return;
  last_ = now_;
  now_ = duration::max();
  count_ = 0;
}

duration service_floor::value() const noexcept {
  return std::min(last_, now_);
}

work_source::work_source(uint32_t slots, uint32_t queue)
  : slots_(std::max(slots, 1u)), queue_(queue) {
  for (auto slot = slots_; slot > 0; --slot)
    free_slots_.push_back(slot - 1); // the lowest is taken first
}

bool work_source::full() const noexcept {
  return uint64_t{waiting()} + running() >= uint64_t{queue_} + slots_;
}

duration work_source::needed() const noexcept {
  // An idle source always takes the event: that is how a floor that has become
  // too high is measured anew.
  if (waiting() == 0)
    return {};
  return floor_.value() * (waiting() / slots_ + 1);
}

} // namespace faas::host
