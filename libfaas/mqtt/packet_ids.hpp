// Which packet ids this client has in use.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_set>

namespace faas::mqtt {

/// One space of ids 1..65535 for SUBSCRIBE, UNSUBSCRIBE and PUBLISH; an id is
/// unused again once its packet was acknowledged [MQTT-2.3.1-2 to -4].
class packet_ids {
public:
  /// Nothing when all are in use.
  std::optional<uint16_t> take() {
    if (used_.size() == 65'535)
      return std::nullopt;
    do
      last_ = last_ == 65'535 ? 1 : last_ + 1;
    while (!used_.insert(last_).second);
    return last_;
  }
  void release(uint16_t id) { used_.erase(id); }
  size_t used() const noexcept { return used_.size(); }

private:
  std::unordered_set<uint16_t> used_;
  uint16_t last_ = 0;
};

} // namespace faas::mqtt
