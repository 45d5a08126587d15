#include "libfaas/mqtt/session.hpp"

#include "libfaas/mqtt/encode.hpp"
#include "libfaas/mqtt/topic.hpp"

#include <algorithm>
#include <utility>

namespace faas::mqtt {
namespace {

connect_packet opening(const session_options& options) {
  connect_packet value;
  value.client_id = options.client_id;
  value.clean_session = options.clean_session;
  value.keep_alive_seconds = static_cast<uint16_t>(options.keep_alive.count());
  value.username = options.username;
  value.password = options.password;
  return value;
}

} // namespace

result<void> validate(const session_options& options) {
  const auto bad = [](const char* what, const char* next) {
    return error{errc::invalid_argument, what, next};
  };
  if (!valid_text(options.client_id)
      || (options.username && !valid_text(*options.username))
      || (options.password && options.password->size() > limits::text_bytes))
    return bad("MQTT client id or credentials are not valid UTF-8 of at most "
               "65535 bytes",
               "");
  if (options.client_id.empty() && !options.clean_session)
    return bad("an MQTT session that is kept needs a client id", // 3.1.3-7
               "set a client id or a clean session");
  if (options.password && !options.username) // [MQTT-3.1.2-22]
    return bad("MQTT password without user name", "set both");
  if (options.keep_alive.count() < 0 || options.keep_alive.count() > 65'535)
    return bad("MQTT keep-alive must be 0 to 65535 seconds", "");
  if (options.max_deliveries == 0 || options.max_outbound == 0
      || options.max_outbound > 60'000)
    return bad("MQTT session bounds must be positive, and at most 60000 "
               "outgoing messages",
               "");
  return {};
}

session::session(session_options options)
  : options_(std::move(options)), decoder_(options_.max_packet_bytes),
    inbox_(options_.max_deliveries),
    outbox_(ids_, options_.max_outbound, options_.max_outbound_bytes),
    interests_(ids_),
    liveness_(options_.keep_alive, options_.response_timeout) {}

void session::transport_up(time_point now) {
  transport_down();
  phase_ = phase::connecting;
  connack_due_ = now + options_.response_timeout;
  reading_since_ = now;
  liveness_.start(now);
  send(packet{opening(options_)}, now);
}

void session::transport_down() {
  phase_ = phase::offline;
  decoder_.reset();
  inbox_.clear();
  outbox_.connection_lost();
  interests_.connection_lost();
  unsent_bytes_ = 0;
}

void session::received(std::string_view bytes, time_point now) {
  if (phase_ == phase::offline)
    return;
  liveness_.heard(now);
  decoder_.feed(bytes);
  drain(now);
}

void session::written(size_t bytes, time_point now) {
  unsent_bytes_ -= std::min(bytes, unsent_bytes_);
  if (unsent_bytes_ > 0) // slow, but moving
    liveness_.heard(now);
}

bool session::acknowledge(delivery_id id, time_point now) {
  const bool paused = !wants_input();
  if (!settle(id, now))
    return false;
  if (paused && wants_input()) {
    reading_since_ = now; // what came meanwhile could not be seen
    liveness_.heard(now);
    drain(now);
  }
  return true;
}

result<void> session::subscribe(const std::vector<subscription>& wanted,
                                time_point now) {
  if (auto added = interests_.add(wanted); !added)
    return added;
  if (online())
    for (const auto& request : interests_.request(wanted, now))
      send(request, now);
  return {};
}

void session::unsubscribe(const std::vector<std::string>& filters,
                          time_point now) {
  interests_.remove(filters);
  if (online())
    for (const auto& request : interests_.withdraw(filters, now))
      send(request, now);
}

result<publish_id> session::publish(const message& value, time_point now) {
  if (!valid_topic(value.topic))
    return error{errc::invalid_argument,
                 "\"" + value.topic + "\" is no MQTT topic to publish on",
                 "use UTF-8 without wildcards"};
  if (value.qos == qos::exactly_once)
    return error{errc::invalid_argument, "MQTT publish asks for QoS 2",
                 "publish with QoS 0 or 1"};
  const bool keep = value.qos == qos::at_least_once;
  if (!keep && !online())
    return error{errc::unavailable, "no connection to the MQTT broker",
                 "publish later, or with QoS 1 to have the message kept"};
  const auto bytes = value.topic.size() + value.payload.size();
  if (auto room = outbox_.admit(keep ? bytes : unsent_bytes_ + bytes); !room)
    return room.error();
  const auto packet_id = keep ? ids_.take() : uint16_t{0};
  if (!packet_id)
    return error{errc::overloaded, "all MQTT packet ids are in use", ""};
  auto encoded = encode(packet{publish_packet{
    value.topic, value.payload, value.qos, value.retain, false, *packet_id}});
  if (!encoded) {
    ids_.release(*packet_id);
    return encoded.error();
  }
  if (!keep) {
    send(std::move(*encoded), now);
    return publish_id{0};
  }
  const auto id = outbox_.add(*packet_id, std::move(*encoded));
  if (online())
    flush_outbox(now);
  return id;
}

void session::flush_outbox(time_point now) {
  for (auto& bytes : outbox_.take_unsent(now, !options_.clean_session))
    send(std::move(bytes), now);
}

void session::disconnect(time_point now) {
  if (online())
    send(packet{disconnect_packet{}}, now);
  if (phase_ != phase::offline)
    effects_.emplace_back(close_transport{});
  transport_down();
}

void session::tick(time_point now) {
  if (phase_ == phase::offline)
    return;
  const error silent{errc::unavailable, "the MQTT broker does not answer",
                     "check the broker and the network"};
  if (phase_ == phase::connecting) {
    if (now >= connack_due_)
      fail(silent);
    return;
  }
  if (now >= liveness_.dead_at(wants_input()) || now >= answers_due())
    return fail(silent);
  if (now >= liveness_.ping_due(wants_input())) {
    liveness_.ping_sent(now);
    send(packet{pingreq_packet{}}, now);
  }
}

time_point session::next_tick() const {
  if (phase_ == phase::offline)
    return time_point::max();
  if (phase_ == phase::connecting)
    return connack_due_;
  return std::min({liveness_.dead_at(wants_input()),
                   liveness_.ping_due(wants_input()), answers_due()});
}

time_point session::answers_due() const {
  auto due = time_point::max();
  if (!wants_input())
    return due;
  for (const auto since : {outbox_.waiting_since(), interests_.waiting_since()})
    if (since)
      due = std::min(due, std::max(*since, reading_since_)
                            + options_.acknowledge_timeout);
  return due;
}

void session::send(const packet& value, time_point now) {
  // Only PUBLISH and texts that validate() or add() checked can be too long.
  if (auto bytes = encode(value))
    send(std::move(*bytes), now);
}

void session::send(std::string bytes, time_point now) {
  liveness_.sent(now);
  unsent_bytes_ += bytes.size();
  effects_.emplace_back(send_bytes{std::move(bytes)});
}

bool session::settle(delivery_id id, time_point now) {
  std::vector<uint16_t> released;
  if (!inbox_.acknowledge(id, released))
    return false;
  for (const auto packet_id : released)
    send(packet{puback_packet{packet_id}}, now);
  return true;
}

void session::protocol_error(std::string what) {
  fail({errc::incompatible_peer,
        "the MQTT broker broke the protocol: " + std::move(what),
        "check that the address is an MQTT 3.1.1 broker"});
}

void session::fail(error reason) {
  effects_.emplace_back(close_transport{std::move(reason)});
  transport_down();
}

std::vector<effect> session::take_effects() {
  return std::exchange(effects_, {});
}

} // namespace faas::mqtt
