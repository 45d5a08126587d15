#include "tests/unit/mqtt/session_rig.hpp"

using namespace faas;
using namespace faas::mqtt;
using namespace std::chrono_literals;

namespace {

session_options bounded(uint32_t deliveries) {
  auto options = session_rig::defaults();
  options.max_deliveries = deliveries;
  return options;
}

} // namespace

BOOST_AUTO_TEST_SUITE(session_messages_test)

  BOOST_AUTO_TEST_CASE(delivery_carries_the_message) {
    session_rig rig;
    rig.connect();
    rig.feed(publish_packet{"cam/1", "img", qos::at_least_once, true, true, 5});
    BOOST_REQUIRE_EQUAL(rig.deliveries.size(), 1u);
    const auto& got = rig.deliveries[0];
    BOOST_TEST(got.topic == "cam/1");
    BOOST_TEST(got.payload.view() == "img");
    BOOST_TEST((got.qos == qos::at_least_once));
    BOOST_TEST((got.retain && got.dup));
    BOOST_TEST(got.id != 0u);
  }

  BOOST_AUTO_TEST_CASE(puback_waits_for_the_acknowledgement) {
    session_rig rig;
    rig.connect();
    rig.feed_message(5);
    rig.advance(5s);
    BOOST_TEST(rig.pubacks().empty());
    BOOST_TEST(rig.acknowledge(rig.deliveries[0].id));
    BOOST_TEST((rig.pubacks() == std::vector{5}));
    BOOST_TEST(!rig.acknowledge(rig.deliveries[0].id)); // once only
    BOOST_TEST(rig.pubacks().size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(pubacks_leave_in_order_of_receipt) { // [MQTT-4.6.0-2]
    session_rig rig;
    rig.connect();
    for (const uint16_t id : {9, 4, 7, 2})
      rig.feed_message(id);
    const auto& got = rig.deliveries;
    BOOST_TEST(rig.acknowledge(got[2].id));
    BOOST_TEST(rig.acknowledge(got[1].id));
    BOOST_TEST(rig.pubacks().empty());
    BOOST_TEST(rig.acknowledge(got[0].id));
    BOOST_TEST((rig.pubacks() == std::vector{9, 4, 7}));
    BOOST_TEST(rig.acknowledge(got[3].id));
    BOOST_TEST((rig.pubacks() == std::vector{9, 4, 7, 2}));
  }

  BOOST_AUTO_TEST_CASE(quality_0_is_acknowledged_without_a_packet) {
    session_rig rig;
    rig.connect();
    rig.feed_message(0);
    BOOST_TEST(rig.session.unacknowledged_deliveries() == 1u);
    BOOST_TEST(rig.acknowledge(rig.deliveries[0].id));
    BOOST_TEST(rig.session.unacknowledged_deliveries() == 0u);
    BOOST_TEST(rig.sent.empty());
  }

  BOOST_AUTO_TEST_CASE(deliveries_of_a_lost_connection_are_void) {
    session_rig rig;
    rig.connect();
    rig.feed_message(5);
    const auto old = rig.deliveries[0].id;
    rig.lose();
    BOOST_TEST(!rig.acknowledge(old));
    rig.connect(true);
    rig.feed_message(5, "x", true); // the broker sends it again
    BOOST_REQUIRE_EQUAL(rig.deliveries.size(), 2u);
    BOOST_TEST(rig.deliveries[1].dup);
    BOOST_TEST(rig.deliveries[1].id != old);
    BOOST_TEST(!rig.acknowledge(old)); // still void
    BOOST_TEST(rig.pubacks().empty());
    BOOST_TEST(rig.acknowledge(rig.deliveries[1].id));
    BOOST_TEST((rig.pubacks() == std::vector{5}));
  }

  BOOST_AUTO_TEST_CASE(message_repeated_on_one_connection_is_delivered_once) {
    session_rig rig;
    rig.connect();
    rig.feed_message(5);
    rig.feed_message(5, "x", true);
    BOOST_TEST(rig.deliveries.size() == 1u);
    rig.acknowledge(rig.deliveries[0].id);
    rig.feed_message(5, "next"); // the id is free again
    BOOST_TEST(rig.deliveries.size() == 2u);
    rig.feed_message(5, "other"); // now it is not, and this is no repetition
    BOOST_TEST((rig.close_reason() == errc::incompatible_peer));
  }

  BOOST_AUTO_TEST_CASE(quality_2_is_refused_by_name) {
    session_rig rig;
    rig.connect();
    rig.feed(publish_packet{"t", "x", qos::exactly_once, false, false, 1});
    BOOST_TEST((rig.close_reason() == errc::incompatible_peer));
    BOOST_TEST(rig.closed[0].reason->message.find("QoS 2")
               != std::string::npos);
    BOOST_TEST(rig.deliveries.empty());
  }

  BOOST_AUTO_TEST_CASE(reading_stops_at_the_bound_and_goes_on_after) {
    session_rig rig{bounded(3)};
    rig.connect();
    std::string burst;
    for (uint16_t id = 1; id <= 8; ++id)
      burst += *encode(
        publish_packet{"t", std::to_string(id),
                       id % 2 ? qos::at_least_once : qos::at_most_once, false,
                       false, static_cast<uint16_t>(id % 2 ? id : 0)});
    rig.feed_bytes(burst);
    BOOST_TEST(rig.deliveries.size() == 3u);
    BOOST_TEST(!rig.session.wants_input());
    for (size_t i = 0; i < 8; ++i) {
      BOOST_REQUIRE(rig.deliveries.size() > i);
      BOOST_TEST(rig.deliveries[i].payload.view() == std::to_string(i + 1));
      BOOST_TEST(rig.session.unacknowledged_deliveries() <= 3u);
      BOOST_TEST(rig.acknowledge(rig.deliveries[i].id));
    }
    BOOST_TEST(rig.deliveries.size() == 8u);
    BOOST_TEST(rig.session.wants_input());
    BOOST_TEST((rig.pubacks() == std::vector{1, 3, 5, 7}));
  }

  BOOST_AUTO_TEST_CASE(acknowledged_out_of_turn_still_holds_its_place) {
    session_rig rig{bounded(3)};
    rig.connect();
    for (const uint16_t id : {1, 2, 3})
      rig.feed_message(id);
    rig.acknowledge(rig.deliveries[1].id);
    rig.acknowledge(rig.deliveries[2].id);
    BOOST_TEST(!rig.session.wants_input());
    rig.acknowledge(rig.deliveries[0].id);
    BOOST_TEST(rig.session.wants_input());
  }

  BOOST_AUTO_TEST_CASE(pause_in_reading_is_no_death_of_the_broker) {
    session_rig rig{bounded(1)};
    rig.connect();
    rig.feed_message(1);
    BOOST_REQUIRE(!rig.session.wants_input());
    BOOST_REQUIRE(rig.publish({"t", "x"})); // its PUBACK cannot be read
    for (int i = 0; i < 300; ++i)
      rig.advance(1s);
    BOOST_TEST(rig.closed.empty());
    // The broker wants a packet within 1.5 intervals [MQTT-3.1.2-24].
    BOOST_TEST(rig.all_sent<pingreq_packet>().size() >= 10u);
    rig.acknowledge(rig.deliveries[0].id);
    rig.advance(9s);
    BOOST_TEST(rig.closed.empty());
    rig.advance(1s); // a whole response time after the pause
    BOOST_TEST((rig.close_reason() == errc::unavailable));
  }

  BOOST_AUTO_TEST_CASE(oversized_message_is_told_and_acknowledged_in_order) {
    auto options = session_rig::defaults();
    options.max_packet_bytes = 1000;
    session_rig rig{options};
    rig.connect();
    rig.feed_message(1);
    rig.feed_message(2, std::string(5000, 'x'));
    rig.feed_message(0, std::string(5000, 'x'));
    rig.feed_message(3);
    BOOST_REQUIRE_EQUAL(rig.discarded.size(), 2u);
    BOOST_TEST(rig.discarded[0].topic == "t");
    BOOST_TEST(rig.discarded[0].payload_bytes == 5000u);
    BOOST_REQUIRE_EQUAL(rig.deliveries.size(), 2u);
    BOOST_TEST(rig.pubacks().empty());
    rig.acknowledge(rig.deliveries[0].id);
    BOOST_TEST((rig.pubacks() == std::vector{1, 2}));
    rig.acknowledge(rig.deliveries[1].id);
    BOOST_TEST((rig.pubacks() == std::vector{1, 2, 3}));
  }

  BOOST_AUTO_TEST_CASE(publish_is_done_when_the_broker_has_it) {
    session_rig rig;
    rig.connect();
    const auto first = rig.publish({"a", "1"});
    const auto second = rig.publish({"a", "2", qos::at_least_once, true});
    BOOST_REQUIRE((first && second));
    const auto sent = rig.all_sent<publish_packet>();
    BOOST_REQUIRE_EQUAL(sent.size(), 2u);
    BOOST_TEST((sent[1].payload == "2" && sent[1].retain && !sent[1].dup));
    BOOST_TEST(sent[0].packet_id != sent[1].packet_id);
    rig.feed(puback_packet{sent[1].packet_id});
    BOOST_TEST((rig.published == std::vector{*second}));
    rig.feed(puback_packet{sent[1].packet_id}); // again: no effect
    rig.feed(puback_packet{sent[0].packet_id});
    BOOST_TEST((rig.published == std::vector{*second, *first}));
    BOOST_TEST(rig.session.outbound() == 0u);
  }

  BOOST_AUTO_TEST_CASE(unacknowledged_publishes_are_sent_again_in_order) {
    session_rig rig;
    rig.connect();
    for (const auto* payload : {"1", "2", "3"})
      BOOST_REQUIRE(rig.publish({"a", payload}));
    const auto before = rig.all_sent<publish_packet>();
    rig.feed(puback_packet{before[1].packet_id});
    rig.lose();
    BOOST_REQUIRE(rig.publish({"a", "4"})); // kept while offline
    rig.up();
    rig.sent.clear();
    rig.feed(connack_packet{true});
    const auto again = rig.all_sent<publish_packet>();
    BOOST_REQUIRE_EQUAL(again.size(), 3u); // [MQTT-4.4.0-1], [MQTT-4.6.0-1]
    BOOST_TEST((again[0].payload == "1" && again[0].dup
                && again[0].packet_id == before[0].packet_id));
    BOOST_TEST((again[1].payload == "3" && again[1].dup));
    BOOST_TEST((again[2].payload == "4" && !again[2].dup)); // [MQTT-3.3.1-1]
  }

  BOOST_AUTO_TEST_CASE(clean_session_sends_again_as_new) { // [MQTT-3.1.2-6]
    auto options = session_rig::defaults();
    options.clean_session = true;
    session_rig rig{options};
    rig.connect();
    BOOST_REQUIRE(rig.publish({"a", "1"}));
    rig.lose();
    rig.up();
    rig.sent.clear();
    rig.feed(connack_packet{});
    const auto again = rig.all_sent<publish_packet>();
    BOOST_REQUIRE_EQUAL(again.size(), 1u);
    BOOST_TEST(!again[0].dup);
  }

  BOOST_AUTO_TEST_CASE(puback_of_an_unsent_message_has_no_effect) {
    session_rig rig;
    rig.connect();
    BOOST_REQUIRE(rig.publish({"a", "1"}));
    const auto id = rig.all_sent<publish_packet>()[0].packet_id;
    rig.lose();
    rig.up();
    rig.feed_bytes(*encode(connack_packet{}) + *encode(puback_packet{id}));
    BOOST_TEST(rig.published.size() == 1u); // sent again right after CONNACK
    rig.feed(puback_packet{999});
    BOOST_TEST(rig.published.size() == 1u);
    BOOST_TEST(rig.closed.empty());
  }

  BOOST_AUTO_TEST_CASE(outgoing_queue_is_bounded_in_number_and_bytes) {
    auto options = session_rig::defaults();
    options.max_outbound = 3;
    options.max_outbound_bytes = 1000;
    session_rig rig{options};
    const auto code = [&](message value) {
      const auto done = rig.publish(value);
      return done ? errc::ok : done.error().code;
    };
    BOOST_TEST((code({"a", std::string(1001, 'x')}) == errc::overloaded));
    BOOST_TEST((code({"a", std::string(600, 'x')}) == errc::ok));
    BOOST_TEST((code({"a", std::string(600, 'x')}) == errc::overloaded));
    BOOST_TEST((code({"a", "x"}) == errc::ok));
    BOOST_TEST((code({"a", "x"}) == errc::ok));
    BOOST_TEST((code({"a", "x"}) == errc::overloaded));
    rig.connect();
    rig.feed(puback_packet{1});
    BOOST_TEST((code({"a", "x"}) == errc::ok));
  }

  BOOST_AUTO_TEST_CASE(small_messages_count_with_their_headers) {
    auto options = session_rig::defaults();
    options.max_outbound_bytes = 100;
    session_rig rig{options};
    int taken = 0;
    while (taken < 100 && rig.publish({"a", "x"}))
      ++taken;
    BOOST_TEST(taken == 13); // 8 bytes each
  }

  BOOST_AUTO_TEST_CASE(quality_0_is_refused_when_it_cannot_be_sent_now) {
    auto options = session_rig::defaults();
    options.max_outbound_bytes = 1000;
    session session{options};
    time_point now{1h};
    const auto code = [&] {
      const auto done
        = session.publish({"a", std::string(400, 'x'), qos::at_most_once}, now);
      return done ? errc::ok : done.error().code;
    };
    BOOST_TEST((code() == errc::unavailable));
    session.transport_up(now);
    session.received(*encode(connack_packet{}), now);
    session.written(1000, now);
    BOOST_TEST((code() == errc::ok));
    BOOST_TEST((code() == errc::ok));
    BOOST_TEST((code() == errc::overloaded)); // the transport takes nothing
    session.written(500, now);
    BOOST_TEST((code() == errc::ok));
  }

  BOOST_AUTO_TEST_CASE(bad_publishes_are_refused) {
    session_rig rig;
    rig.connect();
    for (const message& bad :
         {message{"", "x"}, message{"a/+", "x"}, message{"\xff", "x"},
          message{std::string(65'536, 'a'), "x"},
          message{"a", "x", qos::exactly_once}}) {
      const auto done = rig.publish(bad);
      BOOST_REQUIRE(!done);
      BOOST_TEST((done.error().code == errc::invalid_argument));
    }
    BOOST_TEST(rig.sent.empty());
  }

  BOOST_AUTO_TEST_CASE(missing_puback_ends_the_connection) {
    session_rig rig;
    rig.connect();
    BOOST_REQUIRE(rig.publish({"a", "x"}));
    for (int i = 0; i < 12 && rig.closed.empty(); ++i) {
      rig.advance(5s);
      if (rig.closed.empty())
        rig.feed(pingresp_packet{});
    }
    BOOST_TEST((rig.close_reason() == errc::unavailable));
    BOOST_TEST(rig.session.outbound() == 1u); // kept for the next connection
  }

  BOOST_AUTO_TEST_CASE(packet_ids_wrap_and_skip_those_in_use) {
    session_rig rig;
    rig.connect();
    BOOST_REQUIRE(rig.publish({"keep", "x"})); // packet id 1 stays in use
    for (int i = 0; i < 65'534; ++i) {
      BOOST_REQUIRE(rig.publish({"a", "x"}));
      rig.feed(
        puback_packet{std::get<publish_packet>(rig.sent.back()).packet_id});
      rig.sent.clear();
    }
    BOOST_REQUIRE(rig.publish({"a", "x"}));
    BOOST_TEST(std::get<publish_packet>(rig.sent.back()).packet_id == 2);
  }

  BOOST_AUTO_TEST_SUITE_END()
