// How a session takes what the broker sends.
#include "libfaas/mqtt/session.hpp"

#include <utility>

namespace faas::mqtt {
namespace {

error refusal(connect_code code) {
  switch (code) {
  case connect_code::unacceptable_protocol:
    return {errc::incompatible_peer, "the MQTT broker does not speak 3.1.1",
            "use a broker that does"};
  case connect_code::identifier_rejected:
    return {errc::invalid_argument, "the MQTT broker rejects the client id",
            "use another client id"};
  case connect_code::bad_credentials:
  case connect_code::not_authorized:
    return {errc::unauthorized, "the MQTT broker refuses the credentials",
            "check user name, password and the broker's access list"};
  default:
    return {errc::unavailable, "the MQTT broker is not ready", ""};
  }
}

} // namespace

void session::drain(time_point now) {
  while (phase_ != phase::offline && wants_input()) {
    auto next = decoder_.next();
    if (!next)
      return protocol_error(next.error().message);
    if (!*next)
      return;
    if (auto* value = std::get_if<packet>(&**next))
      handle(std::move(*value), now);
    else
      on_oversized(std::get<oversized_publish>(std::move(**next)), now);
  }
}

void session::handle(packet&& value, time_point now) {
  if (auto* answer = std::get_if<connack_packet>(&value))
    return on_connack(*answer, now);
  if (phase_ != phase::online) // [MQTT-3.2.0-1]
    return protocol_error("it sent something before CONNACK");
  if (auto* message = std::get_if<publish_packet>(&value)) {
    on_publish(std::move(*message));
  } else if (auto* ack = std::get_if<puback_packet>(&value)) {
    if (const auto id = outbox_.acknowledge(ack->packet_id))
      effects_.emplace_back(publish_done{id});
  } else if (auto* ack = std::get_if<suback_packet>(&value)) {
    on_suback(*ack);
  } else if (auto* ack = std::get_if<unsuback_packet>(&value)) {
    if (!interests_.answered(ack->packet_id, packet_type::unsuback))
      protocol_error("it sent an UNSUBACK that answers nothing");
  } else if (std::holds_alternative<pingresp_packet>(value)) {
    liveness_.ping_answered();
  } else {
    // CONNECT, SUBSCRIBE and the like are for clients to send; PUBREC, PUBREL
    // and PUBCOMP belong to QoS 2, which this session never asks for.
    protocol_error("it sent a packet that only a client or a QoS 2 exchange "
                   "sends");
  }
}

void session::on_connack(const connack_packet& value, time_point now) {
  if (phase_ != phase::connecting)
    return protocol_error("it sent a second CONNACK");
  if (value.code != connect_code::accepted)
    return fail(refusal(value.code));
  if (value.session_present && options_.clean_session) // [MQTT-3.2.2-1]
    return protocol_error("it resumed a session that was to be clean");
  phase_ = phase::online;
  effects_.emplace_back(went_online{value.session_present});
  for (const auto& request : interests_.request_all(now))
    send(request, now);
  flush_outbox(now);
}

void session::on_publish(publish_packet&& value) {
  if (value.qos == qos::exactly_once)
    return fail({errc::incompatible_peer,
                 "the MQTT broker delivers with QoS 2 on \"" + value.topic
                   + "\", from an older subscription of this client id",
                 "use another client id, or remove that session at the "
                 "broker"});
  const auto id = inbox_.add(value.qos, value.packet_id);
  if (id == 0) {
    if (!value.dup)
      protocol_error("it reused the packet id of an unacknowledged message");
    return; // sent again on the same connection: its PUBACK is on the way
  }
  effects_.emplace_back(
    deliver{{id, std::move(value.topic), blob{std::move(value.payload)},
             value.qos, value.retain, value.dup}});
}

void session::on_suback(const suback_packet& value) {
  auto filters = interests_.answered(value.packet_id, packet_type::suback);
  if (!filters || filters->size() != value.granted.size()) // [MQTT-3.8.4-5]
    return protocol_error("it sent a SUBACK that fits no SUBSCRIBE");
  for (size_t i = 0; i < filters->size(); ++i)
    effects_.emplace_back(
      subscription_answered{std::move((*filters)[i]), value.granted[i]});
}

void session::on_oversized(oversized_publish&& value, time_point now) {
  if (phase_ != phase::online)
    return protocol_error("it sent something before CONNACK");
  effects_.emplace_back(
    message_discarded{value.head.topic, value.payload_bytes});
  if (value.head.qos == qos::exactly_once)
    return on_publish(std::move(value.head)); // refuses it
  if (value.head.qos == qos::at_least_once)
    settle(inbox_.add(value.head.qos, value.head.packet_id), now);
}

} // namespace faas::mqtt
