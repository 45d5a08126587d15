// QoS 1 messages that the broker has not acknowledged yet.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/result.hpp"
#include "libfaas/mqtt/packet_ids.hpp"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace faas::mqtt {

/// Number of a publish, unique within one session object; never 0.
using publish_id = uint64_t;

/// The table of outgoing messages, in the order of their first sending, bounded
/// in number and bytes. Survives connections; not a restart of the process.
/// MQTT 3.1.1 knows no window (MQTT 5's Receive Maximum), hence all that is in
/// the table is sent at once. Not thread safe.
class outbox {
public:
  outbox(packet_ids& ids, uint32_t limit, size_t byte_limit) noexcept
    : ids_(ids), limit_(limit), byte_limit_(byte_limit) {}

  /// Whether a message of that many bytes may be added; else overloaded.
  result<void> admit(size_t bytes) const;

  /// Adds an encoded PUBLISH with its packet id; call admit() before.
  publish_id add(uint16_t packet_id, std::string encoded);

  /// Bytes of the messages to send on this connection that were not sent on it
  /// yet, in order [MQTT-4.6.0-1]. Those sent on an earlier connection have
  /// the DUP flag when `resumed` [MQTT-3.3.1-1]; a clean session must not
  /// reuse the state of the one before [MQTT-3.1.2-6], there they are new.
  std::vector<std::string> take_unsent(time_point now, bool resumed);

  /// PUBACK came. 0 when no message waits for it.
  publish_id acknowledge(uint16_t packet_id);

  /// All that was sent has to be sent again.
  void connection_lost() noexcept;

  /// Since when the oldest sent message waits; nothing when none does.
  std::optional<time_point> waiting_since() const noexcept;

  size_t size() const noexcept { return entries_.size(); }
  size_t bytes() const noexcept { return bytes_; }

private:
  struct entry {
    publish_id id;
    uint16_t packet_id;
    std::string encoded;
    bool sent_before = false;
    time_point sent_at{};
  };
  packet_ids& ids_;
  uint32_t limit_;
  size_t byte_limit_;
  size_t bytes_ = 0;
  size_t sent_ = 0; ///< length of the prefix sent on this connection
  publish_id last_ = 0;
  std::deque<entry> entries_;
};

} // namespace faas::mqtt
