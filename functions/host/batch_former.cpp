#include "functions/host/batch_former.hpp"

#include <algorithm>

namespace faas::host {

batch_former::batch_former(const batch_rules& rules, const batch_entry& first,
                           time_point now)
  : rules_(rules), opened_(now), bucket_(first.bucket),
    alone_(first.items == 0), items_(first.items), earliest_(first.deadline) {}

duration batch_former::time_of(uint32_t items) const {
  const auto expected = rules_.time ? rules_.time(items) : duration::zero();
  return expected + expected / 4;
}

bool batch_former::full() const noexcept {
  return alone_ || items_ >= rules_.most;
}

bool batch_former::admits(const batch_entry& next, time_point now) const {
  if (full() || next.items == 0 || next.bucket != bucket_
      || next.items > rules_.most - items_)
    return false;
  return now + time_of(items_ + next.items)
         <= std::min(earliest_, next.deadline);
}

void batch_former::add(const batch_entry& next) {
  items_ += next.items;
  earliest_ = std::min(earliest_, next.deadline);
}

time_point batch_former::closes() const {
  if (full())
    return opened_;
  return std::max(opened_, std::min(opened_ + rules_.window,
                                    earliest_ - time_of(items_)));
}

} // namespace faas::host
