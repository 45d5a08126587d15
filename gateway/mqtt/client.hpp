// An MQTT 3.1.1 client on a Boost.Asio loop.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/mqtt/backoff.hpp"
#include "libfaas/mqtt/session.hpp"

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace faas::mqtt {

struct client_options {
  std::string host = "127.0.0.1";
  uint16_t port = 1883;
  session_options session;
  backoff::options reconnect;
  duration connect_timeout = limits::response_timeout; ///< resolve + connect
};
/// invalid_argument when the options cannot work.
result<void> validate(const client_options& options);

enum class client_state : uint8_t {
  idle,       ///< not started
  connecting, ///< TCP or CONNECT under way
  online,
  waiting, ///< pause before the next attempt
  stopping,
  stopped
};
std::string_view name(client_state state) noexcept;

struct client_status {
  client_state state = client_state::idle;
  std::optional<error> last_error; ///< why the last connection ended
  bool session_present = false;    ///< the broker still knew us
  uint64_t connects = 0;           ///< times that the broker accepted us
  size_t unacknowledged = 0;       ///< deliveries waiting for acknowledge()
  size_t outbound = 0;             ///< publishes the broker does not have yet
};

/// All are called on the loop's thread, and may call the client or destroy it.
/// Empty ones are skipped.
struct client_handlers {
  std::function<void(delivery)> on_message;
  std::function<void(const client_status&)> on_state;
  /// Answer to one filter of subscribe(); nothing granted: refused.
  std::function<void(const std::string& filter, std::optional<qos> granted)>
    on_subscribed;
  std::function<void(publish_id)> on_published;
  /// A message over the size limit was skipped.
  std::function<void(const std::string& topic, size_t payload_bytes)>
    on_discarded;
};

/// Keeps one session with one broker: connects, and after each loss connects
/// again, with growing pauses, for as long as it lives. Semantics of messages
/// are those of session. Every call on the loop's thread. Destroyed without
/// stop() it closes at once; the broker then sends unacknowledged messages
/// again on the next connection with the same client id.
class client {
public:
  /// Options must be valid; loop and random must outlive the client.
  client(boost::asio::io_context& loop, client_options options,
         client_handlers handlers, random_source& random);
  ~client();
  client(client&&) noexcept;
  client& operator=(client&&) noexcept;

  /// Begins to connect. Once.
  void start();
  /// Also before start(), and while there is no connection.
  result<void> subscribe(const std::vector<subscription>& wanted);
  void unsubscribe(const std::vector<std::string>& filters);
  result<publish_id> publish(const message& value);
  bool acknowledge(delivery_id id);

  /// Takes no further message, waits until the broker has all publishes,
  /// leaves with DISCONNECT, then calls `stopped`; all within `grace`, after
  /// which the connection is cut; status().outbound then tells how many
  /// publishes the broker did not confirm. acknowledge() works until then.
  void stop(duration grace, std::function<void()> stopped);

  client_status status() const;

private:
  class impl;
  std::shared_ptr<impl> impl_;
};

} // namespace faas::mqtt
