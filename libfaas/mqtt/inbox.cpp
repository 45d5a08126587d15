#include "libfaas/mqtt/inbox.hpp"

#include <algorithm>

namespace faas::mqtt {

delivery_id inbox::add(qos level, uint16_t packet_id) {
  if (level == qos::at_most_once) {
    plain_.insert(++last_);
    return last_;
  }
  if (!packet_ids_.insert(packet_id).second)
    return 0;
  ordered_.push_back({++last_, packet_id});
  return last_;
}

bool inbox::acknowledge(delivery_id id, std::vector<uint16_t>& release) {
  if (plain_.erase(id) > 0)
    return true;
  const auto at = std::lower_bound(
    ordered_.begin(), ordered_.end(), id,
    [](const entry& one, delivery_id wanted) { return one.id < wanted; });
  if (at == ordered_.end() || at->id != id || at->acknowledged)
    return false;
  at->acknowledged = true;
  while (!ordered_.empty() && ordered_.front().acknowledged) {
    release.push_back(ordered_.front().packet_id);
    packet_ids_.erase(ordered_.front().packet_id);
    ordered_.pop_front();
  }
  return true;
}

void inbox::clear() noexcept {
  ordered_.clear();
  packet_ids_.clear();
  plain_.clear();
}

} // namespace faas::mqtt
