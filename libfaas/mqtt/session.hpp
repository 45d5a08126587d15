// The client's side of an MQTT 3.1.1 session, without socket or clock.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/result.hpp"
#include "libfaas/mqtt/decoder.hpp"
#include "libfaas/mqtt/effect.hpp"
#include "libfaas/mqtt/interests.hpp"
#include "libfaas/mqtt/limits.hpp"
#include "libfaas/mqtt/liveness.hpp"
#include "libfaas/mqtt/packet_ids.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faas::mqtt {

struct session_options {
  std::string client_id;      ///< names the session at the broker; unique there
  bool clean_session = false; ///< true: the broker keeps nothing for us
  std::chrono::seconds keep_alive = limits::keep_alive; ///< 0: off
  std::optional<std::string> username;
  std::optional<std::string> password;
  duration response_timeout = limits::response_timeout; ///< CONNACK, PINGRESP
  duration acknowledge_timeout = limits::acknowledge_timeout; ///< SUBACK, ...
  size_t max_packet_bytes = limits::packet_bytes;
  uint32_t max_deliveries = limits::deliveries;
  uint32_t max_outbound = limits::outbound;
  size_t max_outbound_bytes = limits::outbound_bytes;
};
/// invalid_argument when the options cannot work.
result<void> validate(const session_options& options);

/// A message to publish.
struct message {
  std::string topic;
  std::string payload;
  mqtt::qos qos = qos::at_least_once; ///< at most at_least_once
  bool retain = false;
};

/// State machine that is fed with what happened and the time, and collects
/// effects to be taken after each call. Lives across connections: wanted
/// subscriptions and unacknowledged QoS 1 publishes are sent again on each new
/// one. Acknowledgement is manual: no PUBACK leaves before acknowledge().
/// Not thread safe.
class session {
public:
  /// The options must be valid.
  explicit session(session_options options);
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  /// A transport is connected; CONNECT goes out first [MQTT-3.1.0-1].
  void transport_up(time_point now);
  /// The transport is gone; all deliveries are void.
  void transport_down();
  void received(std::string_view bytes, time_point now);
  /// The transport took the next `bytes` of what send_bytes asked for.
  void written(size_t bytes, time_point now);
  /// To be called at next_tick() or a little later; harmless at other times.
  void tick(time_point now);
  /// time_point::max() when there is nothing to wait for.
  time_point next_tick() const;

  /// The message is dealt with: its place is free, and a QoS 1 message is
  /// acknowledged to the broker once those before it are. False when the
  /// delivery is void or was acknowledged before.
  bool acknowledge(delivery_id id, time_point now);

  /// Wants these filters from now on and on every later connection; answers
  /// come as subscription_answered. A retained message comes again with each
  /// subscription, hence after each reconnect [MQTT-3.8.4-3]. Errors:
  /// invalid_argument, too_large.
  result<void> subscribe(const std::vector<subscription>& wanted,
                         time_point now);
  void unsubscribe(const std::vector<std::string>& filters, time_point now);

  /// QoS 1: keeps the message until the broker has it (publish_done), over
  /// reconnects. QoS 0: sends it once, id 0; unavailable while offline.
  /// Errors: invalid_argument, too_large, overloaded, unavailable.
  result<publish_id> publish(const message& value, time_point now);

  /// Leaves in order: DISCONNECT, then close_transport without a reason.
  void disconnect(time_point now);

  std::vector<effect> take_effects();
  /// False while too many deliveries wait: leave further bytes in the
  /// transport, so that it presses back on the broker.
  bool wants_input() const noexcept { return !inbox_.full(); }
  bool online() const noexcept { return phase_ == phase::online; }
  size_t unacknowledged_deliveries() const noexcept { return inbox_.size(); }
  size_t outbound() const noexcept { return outbox_.size(); }
  const session_options& options() const noexcept { return options_; }

private:
  enum class phase : uint8_t { offline, connecting, online };

  void drain(time_point now);
  void handle(packet&& value, time_point now);
  void on_connack(const connack_packet& value, time_point now);
  void on_publish(publish_packet&& value);
  void on_suback(const suback_packet& value);
  void on_oversized(oversized_publish&& value, time_point now);
  bool settle(delivery_id id, time_point now);
  void send(const packet& value, time_point now);
  void send(std::string bytes, time_point now);
  void flush_outbox(time_point now);
  void fail(error reason);
  void protocol_error(std::string what);
  time_point answers_due() const;

  session_options options_;
  phase phase_ = phase::offline;
  decoder decoder_;
  packet_ids ids_;
  inbox inbox_;
  outbox outbox_;
  interests interests_;
  liveness liveness_;
  time_point connack_due_{};
  time_point reading_since_{}; ///< start of connection or end of a pause
  size_t unsent_bytes_ = 0;    ///< asked to send, not yet written
  std::vector<effect> effects_;
};

} // namespace faas::mqtt
