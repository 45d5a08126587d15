// MQTT topics as a source of events for functions.
#pragma once

#include "gateway/mqtt/client.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace faas {
class event_port;
class loop_context;
} // namespace faas

namespace faas::mqtt {

struct bridge_options {
  /// Broker and session; session.client_id is the prefix of the client ids:
  /// each function has a session of its own, "<prefix>-<function>". So a slow
  /// function holds up only itself (PUBACKs must leave in order), and a message
  /// for two functions is acknowledged for each of them apart.
  client_options broker;
  qos level = qos::at_least_once; ///< asked for on every topic
  uint32_t max_attempts = 20;     ///< per message, also of publishing its reply
  backoff::options retry{std::chrono::milliseconds{100},
                         std::chrono::seconds{10}, std::chrono::hours{1}};
  bool reply_by_default
    = false; ///< functions without reply topic: <topic>/reply
  uint32_t max_functions = 256; ///< sessions; further functions are told to log
  uint32_t max_pending = 8192;  ///< events waiting for a function's answer
  /// How often changes of the functions are looked for.
  duration refresh = std::chrono::milliseconds{200};
};

/// Counts since the start. Written on the loop, read on any thread.
struct bridge_counters {
  using counter = std::atomic<uint64_t>;
  counter received{0};     ///< messages taken from the broker
  counter redelivered{0};  ///< of these, sent before according to the broker
  counter delivered{0};    ///< answered by their function
  counter replies{0};      ///< replies handed to the broker
  counter acknowledged{0}; ///< PUBACK released, or QoS 0 dealt with
  counter retries{0};      ///< repeated submissions
  counter failed{0};       ///< acknowledged although nothing could be done
  counter voided{0};       ///< connection lost before the acknowledgement
  counter discarded{0};    ///< over the packet limit, skipped
  counter connects{0};     ///< connections that the broker accepted
  counter lost{0};         ///< connections that ended or failed
};

/// Subscribes each function that has topics, submits each message as an event,
/// publishes the reply, and only then acknowledges. What fails for good is
/// logged, counted, and acknowledged; what a retry may cure is retried with
/// pauses. The reply precedes the PUBACK on the same connection and a broker
/// reads in order, so a reply is never lost behind an acknowledged message.
/// When the node stops, what is not done stays unacknowledged: the broker sends
/// it again. All calls on the loop's thread.
class bridge {
public:
  struct dependencies {
    boost::asio::io_context& loop;
    loop_context& context; ///< of that loop
    event_port& events;    ///< opened for that context
    const clock_source& clock;
    random_source& random;
    std::function<void(std::string)> log;
  };
  /// Options must be valid (see validate); dependencies outlive the bridge.
  bridge(bridge_options options, dependencies deps);
  ~bridge();

  void start();
  /// Takes no further message, lets events in flight end, then calls
  /// `stopped`; all within about `grace`.
  void stop(duration grace, std::function<void()> stopped);

  /// Valid as long as the bridge; any thread.
  const bridge_counters& counters() const noexcept;
  /// State of each function's session. Loop thread.
  struct session_status {
    std::string function;
    client_status client;
    size_t in_flight = 0; ///< messages being worked on
  };
  std::vector<session_status> sessions() const;

private:
  class impl;
  std::shared_ptr<impl> impl_;
};

/// invalid_argument when the options cannot work.
result<void> validate(const bridge_options& options);

} // namespace faas::mqtt
