// Connecting, keep-alive and subscriptions; deliveries and publishes are in
// session_messages_test.cpp.
#include "tests/unit/mqtt/session_rig.hpp"

using namespace faas;
using namespace faas::mqtt;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(session_test)

  BOOST_AUTO_TEST_CASE(options_are_checked) {
    auto options = session_rig::defaults();
    BOOST_TEST(static_cast<bool>(validate(options)));
    const auto refuses = [](auto change) {
      auto options = session_rig::defaults();
      change(options);
      const auto checked = validate(options);
      return !checked && checked.error().code == errc::invalid_argument;
    };
    BOOST_TEST(refuses([](auto& o) { o.client_id.clear(); }));
    BOOST_TEST(refuses([](auto& o) { o.client_id = "\xff"; }));
    BOOST_TEST(refuses([](auto& o) { o.password = "no user"; }));
    BOOST_TEST(refuses([](auto& o) { o.keep_alive = 65'536s; }));
    BOOST_TEST(refuses([](auto& o) { o.keep_alive = -1s; }));
    BOOST_TEST(refuses([](auto& o) { o.max_deliveries = 0; }));
    BOOST_TEST(refuses([](auto& o) { o.max_outbound = 65'535; }));
    options.client_id.clear();
    options.clean_session = true;
    BOOST_TEST(static_cast<bool>(validate(options)));
  }

  BOOST_AUTO_TEST_CASE(connect_is_first_and_keeps_the_session) {
    auto options = session_rig::defaults();
    options.username = "u";
    options.password = "p";
    options.keep_alive = 17s;
    session_rig rig{options};
    rig.up();
    BOOST_REQUIRE_EQUAL(rig.sent.size(), 1u); // [MQTT-3.1.0-1]
    const auto hello = std::get<connect_packet>(rig.sent[0]);
    BOOST_TEST(hello.client_id == "rig");
    BOOST_TEST(!hello.clean_session);
    BOOST_TEST(hello.keep_alive_seconds == 17);
    BOOST_TEST((hello.username == "u" && hello.password == "p"));
    BOOST_TEST(!rig.session.online());
    rig.feed(connack_packet{true});
    BOOST_TEST(rig.session.online());
    BOOST_TEST((rig.online == std::vector<bool>{true}));
  }

  BOOST_AUTO_TEST_CASE(refusals_close_with_their_reason) {
    const std::pair<connect_code, errc> table[]
      = {{connect_code::unacceptable_protocol, errc::incompatible_peer},
         {connect_code::identifier_rejected, errc::invalid_argument},
         {connect_code::server_unavailable, errc::unavailable},
         {connect_code::bad_credentials, errc::unauthorized},
         {connect_code::not_authorized, errc::unauthorized}};
    for (const auto& [code, reason] : table) {
      session_rig rig;
      rig.up();
      rig.feed(connack_packet{false, code});
      BOOST_TEST((rig.close_reason() == reason));
      BOOST_TEST(rig.online.empty());
    }
  }

  BOOST_AUTO_TEST_CASE(broker_must_open_with_connack) { // [MQTT-3.2.0-1]
    for (const packet& early :
         {packet{pingresp_packet{}}, packet{publish_packet{"t", "x"}},
          packet{suback_packet{1, {qos::at_most_once}}}}) {
      session_rig rig;
      rig.up();
      rig.feed(early);
      BOOST_TEST((rig.close_reason() == errc::incompatible_peer));
      BOOST_TEST(rig.deliveries.empty());
    }
  }

  BOOST_AUTO_TEST_CASE(broker_that_breaks_the_protocol_is_left) {
    for (const packet& wrong :
         {packet{connack_packet{}}, packet{pubrec_packet{1}},
          packet{pubrel_packet{1}}, packet{pubcomp_packet{1}},
          packet{pingreq_packet{}}, packet{disconnect_packet{}},
          packet{subscribe_packet{1, {{"a", qos::at_most_once}}}},
          packet{suback_packet{9, {qos::at_most_once}}},
          packet{unsuback_packet{9}}}) {
      session_rig rig;
      rig.connect();
      rig.feed(wrong);
      BOOST_TEST((rig.close_reason() == errc::incompatible_peer));
    }
    session_rig rig;
    rig.connect();
    rig.feed_bytes("HTTP/1.1 400 Bad Request\r\n");
    BOOST_TEST((rig.close_reason() == errc::incompatible_peer));
  }

  BOOST_AUTO_TEST_CASE(clean_session_must_not_be_resumed) { // [MQTT-3.2.2-1]
    auto options = session_rig::defaults();
    options.clean_session = true;
    session_rig rig{options};
    rig.up();
    rig.feed(connack_packet{true});
    BOOST_TEST((rig.close_reason() == errc::incompatible_peer));
  }

  BOOST_AUTO_TEST_CASE(missing_connack_is_given_up) {
    session_rig rig;
    rig.up();
    BOOST_TEST((rig.session.next_tick() == rig.now + 10s));
    rig.advance(9999ms);
    BOOST_TEST(rig.closed.empty());
    rig.advance(1ms);
    BOOST_TEST((rig.close_reason() == errc::unavailable));
    BOOST_TEST((rig.session.next_tick() == time_point::max()));
  }

  BOOST_AUTO_TEST_CASE(quiet_connection_is_kept_alive) { // [MQTT-3.1.2-23]
    session_rig rig;
    rig.connect();
    for (int i = 0; i < 5; ++i) {
      BOOST_TEST((rig.session.next_tick() == rig.now + 22500ms));
      rig.advance(22500ms);
      BOOST_TEST(rig.all_sent<pingreq_packet>().size() == size_t(i + 1));
      rig.feed(pingresp_packet{});
    }
    BOOST_TEST(rig.closed.empty());
  }

  BOOST_AUTO_TEST_CASE(unanswered_ping_ends_the_connection) {
    session_rig rig;
    rig.connect();
    rig.advance(22500ms);
    BOOST_TEST((rig.session.next_tick() == rig.now + 10s));
    rig.advance(9999ms);
    BOOST_TEST(rig.closed.empty());
    rig.advance(1ms);
    BOOST_TEST((rig.close_reason() == errc::unavailable));
  }

  BOOST_AUTO_TEST_CASE(client_that_only_sends_still_notices_a_dead_broker) {
    session_rig rig;
    rig.connect();
    for (int second = 0; second < 40 && rig.closed.empty(); ++second) {
      BOOST_REQUIRE(rig.publish({"t", "x", qos::at_most_once}));
      rig.advance(1s);
    }
    BOOST_TEST((rig.close_reason() == errc::unavailable));
  }

  BOOST_AUTO_TEST_CASE(any_byte_from_the_broker_is_a_sign_of_life) {
    session_rig rig;
    rig.connect();
    rig.advance(22500ms);
    const auto large = *encode(publish_packet{"t", std::string(100, 'x')});
    for (const char c : large) { // a slow link brings a large message
      rig.advance(5s);
      rig.feed_bytes({&c, 1});
    }
    BOOST_TEST(rig.closed.empty());
    BOOST_TEST(rig.deliveries.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(slow_but_moving_upload_is_a_sign_of_life) {
    session session{session_rig::defaults()};
    time_point now{1h};
    session.transport_up(now);
    session.received(*encode(connack_packet{}), now);
    session.written(1000, now); // CONNECT is out
    BOOST_REQUIRE(session.publish(
      {"t", std::string(100'000, 'x'), qos::at_most_once}, now));
    for (int second = 0; second < 99; ++second) {
      session.tick(now += 1s);
      session.written(1000, now);
      BOOST_REQUIRE(session.online());
    }
    for (int second = 0; second < 40 && session.online(); ++second)
      session.tick(now += 1s);
    BOOST_TEST(!session.online());
  }

  BOOST_AUTO_TEST_CASE(keep_alive_of_zero_is_off) {
    auto options = session_rig::defaults();
    options.keep_alive = 0s;
    session_rig rig{options};
    rig.connect();
    BOOST_TEST((rig.session.next_tick() == time_point::max()));
    rig.advance(24h);
    BOOST_TEST(rig.sent.empty());
    BOOST_TEST(rig.closed.empty());
  }

  BOOST_AUTO_TEST_CASE(disconnect_leaves_in_order) {
    session_rig rig;
    rig.connect();
    rig.session.disconnect(rig.now);
    rig.collect();
    BOOST_REQUIRE_EQUAL(rig.sent.size(), 1u);
    BOOST_TEST(std::holds_alternative<disconnect_packet>(rig.sent[0]));
    BOOST_TEST((rig.close_reason() == errc::ok));
    rig.feed(pingresp_packet{}); // too late, no effect
    BOOST_TEST(rig.closed.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(subscriptions_are_made_again_on_each_connection) {
    session_rig rig;
    rig.subscribe({{"a/#", qos::at_least_once}, {"b/+", qos::at_most_once}});
    BOOST_TEST(rig.sent.empty());
    for (int round = 0; round < 3; ++round) {
      rig.up();
      rig.sent.clear();
      rig.feed(connack_packet{round > 0});
      const auto asked = rig.all_sent<subscribe_packet>();
      BOOST_REQUIRE_EQUAL(asked.size(), 1u);
      BOOST_TEST((asked[0].subscriptions
                  == std::vector<subscription>{{"a/#", qos::at_least_once},
                                               {"b/+", qos::at_most_once}}));
      rig.answers.clear();
      rig.feed(suback_packet{asked[0].packet_id, {qos::at_most_once, {}}});
      BOOST_REQUIRE_EQUAL(rig.answers.size(), 2u);
      BOOST_TEST((rig.answers[0].filter == "a/#"
                  && rig.answers[0].granted == qos::at_most_once));
      BOOST_TEST((rig.answers[1].filter == "b/+" && !rig.answers[1].granted));
      rig.lose();
    }
  }

  BOOST_AUTO_TEST_CASE(filters_can_be_added_and_dropped_while_online) {
    session_rig rig;
    rig.connect();
    rig.subscribe({{"a", qos::at_least_once}});
    rig.subscribe({{"b", qos::at_least_once}});
    BOOST_TEST(rig.all_sent<subscribe_packet>().size() == 2u);
    rig.session.unsubscribe({"a"}, rig.now);
    rig.collect();
    const auto dropped = rig.all_sent<unsubscribe_packet>();
    BOOST_REQUIRE_EQUAL(dropped.size(), 1u);
    BOOST_TEST((dropped[0].filters == std::vector<std::string>{"a"}));
    rig.feed(unsuback_packet{dropped[0].packet_id});
    BOOST_TEST(rig.closed.empty());
    rig.lose();
    rig.up();
    rig.sent.clear();
    rig.feed(connack_packet{true});
    const auto again = rig.all_sent<subscribe_packet>();
    BOOST_REQUIRE_EQUAL(again.size(), 1u);
    BOOST_TEST(again[0].subscriptions.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(many_filters_travel_in_several_packets) {
    std::vector<subscription> many;
    for (int i = 0; i < 150; ++i)
      many.push_back({"f/" + std::to_string(i)});
    session_rig rig;
    rig.connect();
    rig.subscribe(many);
    const auto asked = rig.all_sent<subscribe_packet>();
    BOOST_REQUIRE_EQUAL(asked.size(), 3u);
    std::set<uint16_t> ids;
    std::vector<subscription> together;
    for (const auto& one : asked) {
      ids.insert(one.packet_id);
      together.insert(together.end(), one.subscriptions.begin(),
                      one.subscriptions.end());
    }
    BOOST_TEST(ids.size() == 3u); // [MQTT-2.3.1-2]
    BOOST_TEST((together == many));
  }

  BOOST_AUTO_TEST_CASE(bad_subscriptions_change_nothing) {
    session_rig rig;
    const auto code = [&](std::vector<subscription> wanted) {
      const auto done = rig.session.subscribe(wanted, rig.now);
      return done ? errc::ok : done.error().code;
    };
    BOOST_TEST((code({{"ok"}, {"a/#/b"}}) == errc::invalid_argument));
    BOOST_TEST((code({{"a", qos::exactly_once}}) == errc::invalid_argument));
    std::vector<subscription> many;
    for (size_t i = 0; i <= mqtt::limits::filters; ++i)
      many.push_back({std::to_string(i)});
    BOOST_TEST((code(many) == errc::too_large));
    rig.connect();
    BOOST_TEST(rig.all_sent<subscribe_packet>().empty());
  }

  BOOST_AUTO_TEST_CASE(suback_must_fit_its_subscribe) { // [MQTT-3.8.4-5]
    session_rig rig;
    rig.connect();
    rig.subscribe({{"a"}, {"b"}});
    const auto id = rig.all_sent<subscribe_packet>().at(0).packet_id;
    rig.feed(suback_packet{id, {qos::at_least_once}});
    BOOST_TEST((rig.close_reason() == errc::incompatible_peer));
  }

  BOOST_AUTO_TEST_CASE(missing_suback_ends_the_connection) {
    session_rig rig;
    rig.connect();
    rig.subscribe({{"a"}});
    for (int i = 0; i < 12 && rig.closed.empty(); ++i) {
      rig.advance(5s);
      if (rig.closed.empty())
        rig.feed(pingresp_packet{}); // alive, but it does not answer
    }
    BOOST_TEST((rig.close_reason() == errc::unavailable));
  }

  BOOST_AUTO_TEST_CASE(requests_of_lost_connections_free_their_packet_ids) {
    session session{session_rig::defaults()};
    const time_point now{1h};
    BOOST_REQUIRE(session.subscribe({{"a"}}, now));
    const auto accepted = *encode(connack_packet{});
    for (int i = 0; i < 65'600; ++i) { // more than there are ids
      session.transport_up(now);
      session.received(accepted, now);
      BOOST_REQUIRE_EQUAL(session.take_effects().size(), 3u); // with SUBSCRIBE
      session.transport_down();
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
