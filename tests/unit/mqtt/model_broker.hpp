// A broker of one client, small enough to be right by inspection.
#pragma once

#include "tests/unit/mqtt/packet_maker.hpp"

#include <deque>
#include <set>
#include <string>
#include <vector>

namespace faas::mqtt {

/// Keeps one persistent session: queued QoS 1 messages for the client, a
/// window of unacknowledged ones, and what the client published. Checks what
/// the standard demands of the client.
class model_broker {
public:
  explicit model_broker(size_t window) : window_(window) {}

  /// A message of that payload for the client.
  void offer(std::string payload) { queue_.push_back(std::move(payload)); }

  void connected() {
    connected_ = false;
    in_.reset();
    out_.clear();
  }
  void lost() {
    connected_ = false;
    for (auto& one : window_messages_)
      one.on_this_connection = false;
  }

  /// Bytes from the client.
  void receive(std::string_view bytes) {
    in_.feed(bytes);
    for (;;) {
      auto next = in_.next();
      BOOST_REQUIRE(next);
      if (!*next)
        break;
      take(std::get<packet>(**next));
    }
    deliver_more();
  }

  /// Bytes for the client; taken by the caller.
  std::string& out() { return out_; }

  bool idle() const { return queue_.empty() && window_messages_.empty(); }

  std::vector<std::string> received; ///< first receipts of publishes, in order
  std::vector<std::string> taken;    ///< payloads, when their PUBACK came
  size_t redelivered = 0;            ///< by the client
  size_t pings = 0;

private:
  struct message {
    std::string payload;
    uint16_t packet_id;
    bool sent_before = false;
    bool on_this_connection = false;
  };

  void send(const packet& value) { out_ += *encode(value); }

  void take(const packet& value) {
    if (auto* hello = std::get_if<connect_packet>(&value)) {
      BOOST_REQUIRE(!connected_); // [MQTT-3.1.0-2]
      BOOST_REQUIRE(!hello->clean_session);
      connected_ = true;
      send(connack_packet{known_});
      known_ = true;
      return;
    }
    BOOST_REQUIRE(connected_); // [MQTT-3.1.0-1]
    if (auto* message = std::get_if<publish_packet>(&value))
      take_publish(*message);
    else if (auto* ack = std::get_if<puback_packet>(&value))
      take_puback(ack->packet_id);
    else if (auto* ask = std::get_if<subscribe_packet>(&value)) {
      subscribed_ = true;
      send(suback_packet{ask->packet_id,
                         std::vector<std::optional<qos>>(
                           ask->subscriptions.size(), qos::at_least_once)});
    } else if (std::holds_alternative<pingreq_packet>(value)) {
      ++pings;
      send(pingresp_packet{});
    } else
      BOOST_REQUIRE(std::holds_alternative<disconnect_packet>(value));
  }

  void take_publish(const publish_packet& message) {
    const bool first = seen_.insert(message.payload).second;
    BOOST_REQUIRE(first || message.dup); // [MQTT-3.3.1-1]
    if (first)
      received.push_back(message.payload);
    else
      ++redelivered;
    if (message.qos == qos::at_least_once)
      send(puback_packet{message.packet_id}); // [MQTT-4.3.2-2]
  }

  void take_puback(uint16_t packet_id) {
    // [MQTT-4.6.0-2]: acknowledged in the order sent on this connection.
    BOOST_REQUIRE(!window_messages_.empty());
    BOOST_REQUIRE_EQUAL(window_messages_.front().packet_id, packet_id);
    BOOST_REQUIRE(window_messages_.front().on_this_connection);
    taken.push_back(window_messages_.front().payload);
    window_messages_.pop_front();
  }

  void deliver_more() {
    if (!connected_ || !subscribed_)
      return;
    while (!queue_.empty() && window_messages_.size() < window_) {
      last_id_ = last_id_ == 65'535 ? 1 : last_id_ + 1;
      window_messages_.push_back({std::move(queue_.front()), last_id_});
      queue_.pop_front();
    }
    for (auto& one : window_messages_)
      if (!one.on_this_connection) {
        send(publish_packet{"t", one.payload, qos::at_least_once, false,
                            one.sent_before, one.packet_id});
        one.sent_before = one.on_this_connection = true;
      }
  }

  size_t window_;
  decoder in_{1 << 20};
  std::string out_;
  bool connected_ = false;
  bool known_ = false;      ///< has a session of this client
  bool subscribed_ = false; ///< ever; part of the session
  uint16_t last_id_ = 0;
  std::deque<std::string> queue_;
  std::deque<message> window_messages_;
  std::set<std::string> seen_;
};

} // namespace faas::mqtt
