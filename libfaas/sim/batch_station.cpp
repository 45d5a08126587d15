#include "libfaas/sim/batch_station.hpp"

#include <algorithm>
#include <cstddef>

namespace faas::sim {

batch batch_station::begin(double now) {
  if (busy_ || waiting_.empty())
    return {};
  busy_ = true;
  const auto count = static_cast<ptrdiff_t>(std::min(waiting_.size(), most_));
  batch made;
  made.members.assign(waiting_.begin(), waiting_.begin() + count);
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  made.begin = now;
  made.end = now + time_(now, made.members.size());
  return made;
}

batch batch_station::arrive(double now, uint32_t event) {
  waiting_.push_back(event);
  return begin(now);
}

batch batch_station::ended(double now) {
  busy_ = false;
  return begin(now);
}

} // namespace faas::sim
