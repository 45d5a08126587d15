// A session with a clock of its own and its effects sorted by kind.
#pragma once

#include "tests/unit/mqtt/packet_maker.hpp"

#include "libfaas/mqtt/session.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <vector>

namespace faas::mqtt {

struct session_rig {
  explicit session_rig(session_options options = defaults())
    : session(std::move(options)) {}

  static session_options defaults() {
    session_options options;
    options.client_id = "rig";
    return options;
  }

  // The effects so far, oldest first.
  std::vector<packet> sent;
  std::vector<delivery> deliveries;
  std::vector<bool> online; ///< session present, once per CONNACK
  std::vector<subscription_answered> answers;
  std::vector<publish_id> published;
  std::vector<message_discarded> discarded;
  std::vector<close_transport> closed;

  mqtt::session session;
  time_point now{std::chrono::hours{1}};

  /// Sorts what the last call asked for; the transport takes all at once.
  void collect() {
    for (auto& one : session.take_effects())
      std::visit([this](auto& value) { sort(value); }, one);
  }
  void up() {
    session.transport_up(now);
    collect();
  }
  /// Connected and accepted; forgets the packets of the opening.
  void connect(bool session_present = false) {
    up();
    feed(connack_packet{session_present});
    BOOST_REQUIRE(session.online());
    sent.clear();
  }
  void lose() {
    session.transport_down();
    collect();
  }
  void feed(const packet& value) { feed_bytes(*encode(value)); }
  void feed_bytes(std::string_view bytes) {
    session.received(bytes, now);
    collect();
  }
  void feed_message(uint16_t packet_id, std::string payload = "x",
                    bool dup = false) {
    feed(publish_packet{"t", std::move(payload),
                        packet_id ? qos::at_least_once : qos::at_most_once,
                        false, dup, packet_id});
  }
  void advance(duration time) {
    now += time;
    session.tick(now);
    collect();
  }
  bool acknowledge(delivery_id id) {
    const bool done = session.acknowledge(id, now);
    collect();
    return done;
  }
  result<publish_id> publish(const message& value) {
    auto id = session.publish(value, now);
    collect();
    return id;
  }
  void subscribe(std::vector<subscription> wanted) {
    BOOST_REQUIRE(session.subscribe(wanted, now));
    collect();
  }
  /// Packet ids of the PUBACKs sent so far.
  std::vector<int> pubacks() const {
    std::vector<int> ids;
    for (const auto& one : sent)
      if (auto* ack = std::get_if<puback_packet>(&one))
        ids.push_back(ack->packet_id);
    return ids;
  }
  template <class Packet>
  std::vector<Packet> all_sent() const {
    std::vector<Packet> found;
    for (const auto& one : sent)
      if (auto* value = std::get_if<Packet>(&one))
        found.push_back(*value);
    return found;
  }
  /// The reason of the only close so far.
  errc close_reason() const {
    BOOST_REQUIRE_EQUAL(closed.size(), 1u);
    BOOST_TEST(!session.online());
    return closed[0].reason ? closed[0].reason->code : errc::ok;
  }

private:
  void sort(send_bytes& value) {
    for (auto& one : decode_all(value.bytes))
      sent.push_back(std::move(one));
    session.written(value.bytes.size(), now);
  }
  void sort(deliver& value) { deliveries.push_back(std::move(value.message)); }
  void sort(went_online& value) { online.push_back(value.session_present); }
  void sort(subscription_answered& value) { answers.push_back(value); }
  void sort(publish_done& value) { published.push_back(value.id); }
  void sort(message_discarded& value) { discarded.push_back(value); }
  void sort(close_transport& value) { closed.push_back(value); }
};

} // namespace faas::mqtt
