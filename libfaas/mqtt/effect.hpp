// What a session asks its surroundings to do.
#pragma once

#include "libfaas/core/blob.hpp"
#include "libfaas/core/error.hpp"
#include "libfaas/mqtt/inbox.hpp"
#include "libfaas/mqtt/outbox.hpp"
#include "libfaas/mqtt/packet.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace faas::mqtt {

/// A message for the application. It keeps its place in the session, and the
/// broker keeps a QoS 1 message, until session::acknowledge(id). A delivery is
/// void once its connection is lost; the broker then sends the message again,
/// with dup set.
struct delivery {
  delivery_id id = 0;
  std::string topic;
  blob payload;
  mqtt::qos qos = qos::at_most_once;
  bool retain = false; ///< kept by the broker from before the subscription
  bool dup = false;    ///< may have been delivered before
};

/// Write these bytes to the transport, after all earlier ones.
struct send_bytes {
  std::string bytes;
};
struct deliver {
  delivery message;
};
/// The broker accepted the connection.
struct went_online {
  bool session_present = false; ///< it still knew this client
};
/// The broker answered for one topic filter; nothing granted: refused.
struct subscription_answered {
  std::string filter;
  std::optional<qos> granted;
};
/// The broker has taken this QoS 1 message.
struct publish_done {
  publish_id id = 0;
};
/// A message over the size limit was skipped and acknowledged, since the
/// broker would send it for ever.
struct message_discarded {
  std::string topic;
  size_t payload_bytes = 0;
};
/// Close the transport: at once when there is a reason, else after all bytes
/// are written. The session is offline and can be connected again.
struct close_transport {
  std::optional<error> reason;
};

using effect
  = std::variant<send_bytes, deliver, went_online, subscription_answered,
                 publish_done, message_discarded, close_transport>;

} // namespace faas::mqtt
