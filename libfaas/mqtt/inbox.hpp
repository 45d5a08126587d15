// Messages taken from the broker and not yet acknowledged.
#pragma once

#include "libfaas/mqtt/packet.hpp"

#include <cstdint>
#include <deque>
#include <unordered_set>
#include <vector>

namespace faas::mqtt {

/// Number of a delivery, unique within one session object; never 0.
using delivery_id = uint64_t;

/// Keeps what is owed for the messages of one connection: PUBACKs leave in the
/// order in which their PUBLISHes came [MQTT-4.6.0-2], so that one
/// acknowledged early waits for those before it. Not thread safe.
class inbox {
public:
  explicit inbox(uint32_t limit) noexcept : limit_(limit) {}

  /// Takes a message of quality 0 or 1 and numbers it. 0 when its packet id is
  /// already here, that is when the broker sent it twice on one connection.
  delivery_id add(qos level, uint16_t packet_id);

  /// Whether the delivery was still waiting. `release` gets the packet ids
  /// whose PUBACK may leave now, in order.
  bool acknowledge(delivery_id id, std::vector<uint16_t>& release);

  /// The connection is lost: every delivery is void, the broker sends the
  /// unacknowledged messages again.
  void clear() noexcept;

  /// At the bound: take no further message.
  bool full() const noexcept { return size() >= limit_; }
  /// Deliveries unacknowledged, or acknowledged and waiting for their turn.
  size_t size() const noexcept { return ordered_.size() + plain_.size(); }

private:
  struct entry {
    delivery_id id;
    uint16_t packet_id;
    bool acknowledged = false;
  };
  uint32_t limit_;
  delivery_id last_ = 0;
  std::deque<entry> ordered_;               ///< QoS 1, in order of receipt
  std::unordered_set<uint16_t> packet_ids_; ///< of ordered_
  std::unordered_set<delivery_id> plain_;   ///< QoS 0: only count
};

} // namespace faas::mqtt
