#include "tests/unit/mqtt/packet_maker.hpp"

#include "libfaas/mqtt/limits.hpp"

using namespace faas;
using namespace faas::mqtt;

namespace {

/// The error of the first packet, or errc::ok when there is none.
errc decode_error(std::string_view bytes, size_t limit = 1 << 20) {
  decoder in{limit};
  in.feed(bytes);
  const auto next = in.next();
  return next ? errc::ok : next.error().code;
}

bool refused(std::string_view bytes) {
  return decode_error(bytes) == errc::invalid_argument;
}

std::string must_encode(const packet& value) {
  auto bytes = encode(value);
  BOOST_REQUIRE(bytes);
  return *bytes;
}

} // namespace

BOOST_AUTO_TEST_SUITE(codec_test)

  BOOST_AUTO_TEST_CASE(every_packet_survives_a_round_trip) {
    const uint64_t seed = 20260401;
    BOOST_TEST_MESSAGE("seed " << seed);
    packet_maker make{seed};
    for (int round = 0; round < 300; ++round)
      for (size_t type = 0; type < packet_maker::types; ++type) {
        const auto value = make.make(type);
        const auto back = decode_all(must_encode(value));
        BOOST_REQUIRE_EQUAL(back.size(), 1u);
        BOOST_REQUIRE(back[0] == value);
      }
  }

  BOOST_AUTO_TEST_CASE(packets_are_found_whatever_the_pieces) {
    packet_maker make{7};
    std::string stream;
    std::vector<packet> sent;
    for (int i = 0; i < 400; ++i) {
      sent.push_back(make.make(make.random().below(packet_maker::types)));
      stream += must_encode(sent.back());
    }
    for (const size_t piece : {1, 2, 3, 7, 64, 1000}) {
      decoder in{1 << 20};
      std::vector<packet> got;
      for (size_t at = 0; at < stream.size(); at += piece) {
        in.feed(std::string_view{stream}.substr(at, piece));
        for (;;) {
          auto next = in.next();
          BOOST_REQUIRE(next);
          if (!*next)
            break;
          got.push_back(std::get<packet>(std::move(**next)));
        }
      }
      BOOST_TEST(got.size() == sent.size());
      BOOST_TEST((got == sent));
      BOOST_TEST(in.buffered() == 0u);
    }
  }

  BOOST_AUTO_TEST_CASE(bytes_are_those_of_the_standard) {
    // Figures 3.6 (CONNECT variable header), 3.11, 3.23 of the standard.
    connect_packet hello;
    hello.client_id = "c";
    hello.clean_session = true;
    hello.keep_alive_seconds = 10;
    hello.will = will{"w", "x", qos::at_least_once, false};
    hello.username = "u";
    hello.password = "p";
    BOOST_TEST(
      must_encode(hello)
      == raw({0x10, 25, 0, 4,   'M', 'Q', 'T', 'T', 4, 0xce, 0, 10, 0,  1,
              'c',  0,  1, 'w', 0,   1,   'x', 0,   1, 'u',  0, 1,  'p'}));
    BOOST_TEST(must_encode(publish_packet{"a/b", "", qos::at_least_once, false,
                                          false, 10})
               == raw({0x32, 7, 0, 3, 'a', '/', 'b', 0, 10}));
    BOOST_TEST(
      must_encode(publish_packet{"a", "z", qos::at_least_once, true, true, 258})
      == raw({0x3b, 6, 0, 1, 'a', 1, 2, 'z'}));
    BOOST_TEST(must_encode(subscribe_packet{
                 10, {{"a/b", qos::at_least_once}, {"c/d", qos::exactly_once}}})
               == raw({0x82, 14, 0, 10, 0, 3, 'a', '/', 'b', 1, 0, 3, 'c', '/',
                       'd', 2}));
    BOOST_TEST(must_encode(suback_packet{1, {qos::at_most_once, {}}})
               == raw({0x90, 4, 0, 1, 0, 0x80}));
    BOOST_TEST(must_encode(pubrel_packet{3}) == raw({0x62, 2, 0, 3}));
    BOOST_TEST(must_encode(unsubscribe_packet{2, {"a"}})
               == raw({0xa2, 5, 0, 2, 0, 1, 'a'}));
    BOOST_TEST(must_encode(pingreq_packet{}) == raw({0xc0, 0}));
    BOOST_TEST(must_encode(disconnect_packet{}) == raw({0xe0, 0}));
  }

  BOOST_AUTO_TEST_CASE(remaining_length_has_the_borders_of_table_2_4) {
    for (const size_t size :
         {127u, 128u, 16'383u, 16'384u, 2'097'151u, 2'097'152u}) {
      const publish_packet value{"t", std::string(size - 3, 'x')};
      const auto bytes = must_encode(value);
      const size_t header = size < 128         ? 2
                            : size < 16'384    ? 3
                            : size < 2'097'152 ? 4
                                               : 5;
      BOOST_TEST(bytes.size() == header + size);
      decoder in{4 << 20};
      in.feed(bytes);
      const auto next = in.next();
      BOOST_REQUIRE(next && *next);
      BOOST_TEST((std::get<packet>(**next) == packet{value}));
    }
  }

  BOOST_AUTO_TEST_CASE(encode_refuses_what_the_format_cannot_carry) {
    const auto long_topic = encode(
      publish_packet{std::string(mqtt::limits::text_bytes + 1, 'a'), ""});
    BOOST_REQUIRE(!long_topic);
    BOOST_TEST((long_topic.error().code == errc::too_large));
    const auto large = encode(
      publish_packet{"t", std::string(mqtt::limits::remaining_length, 'x')});
    BOOST_REQUIRE(!large);
    BOOST_TEST((large.error().code == errc::too_large));
  }

  BOOST_AUTO_TEST_CASE(duplicate_flag_can_be_set_on_encoded_bytes) {
    publish_packet value{"t", "x", qos::at_least_once, true, false, 9};
    auto bytes = must_encode(value);
    mark_duplicate(bytes);
    value.dup = true;
    BOOST_TEST((decode_all(bytes).at(0) == packet{value}));
  }

  BOOST_AUTO_TEST_CASE(remaining_length_of_five_bytes_is_malformed) {
    BOOST_TEST(refused(raw({0x30, 0x80, 0x80, 0x80, 0x80})));
    BOOST_TEST(refused(raw({0x30, 0xff, 0xff, 0xff, 0xff, 0x01})));
    // Four bytes that want a fifth are an error before it comes.
    BOOST_TEST(!refused(raw({0x30, 0xff, 0xff, 0xff})));
  }

  BOOST_AUTO_TEST_CASE(wrong_types_and_flag_bits_are_refused_at_once) {
    for (int type = 0; type < 16; ++type)
      for (int flags = 0; flags < 16; ++flags) {
        const bool known = type >= 1 && type <= 14;
        const int level = flags >> 1 & 3;
        const bool right
          = type == 3
              ? level != 3 && (level != 0 || !(flags & 8)) // 3.3.1-2, -4
            : type == 6 || type == 8 || type == 10 ? flags == 2
                                                   : flags == 0; // 2.2.2-2
        BOOST_TEST(refused(raw({type << 4 | flags})) == !(known && right),
                   "type " << type << " flags " << flags);
      }
  }

  BOOST_AUTO_TEST_CASE(malformed_connects_are_refused) {
    const auto with = [](int flags, std::initializer_list<int> payload) {
      auto body
        = raw({0, 4, 'M', 'Q', 'T', 'T', 4, flags, 0, 0}) + raw(payload);
      return raw({0x10, static_cast<int>(body.size())}) + body;
    };
    BOOST_TEST(!refused(with(0x02, {0, 0})));
    BOOST_TEST(refused(with(0x03, {0, 0})));                  // [MQTT-3.1.2-3]
    BOOST_TEST(refused(with(0x00, {0, 0})));                  // [MQTT-3.1.3-7]
    BOOST_TEST(refused(with(0x0a, {0, 0})));                  // [MQTT-3.1.2-13]
    BOOST_TEST(refused(with(0x22, {0, 0})));                  // [MQTT-3.1.2-15]
    BOOST_TEST(refused(with(0x1e, {0, 0, 0, 1, 't', 0, 0}))); // [MQTT-3.1.2-14]
    BOOST_TEST(refused(with(0x06, {0, 0})));                  // will is missing
    BOOST_TEST(refused(with(0x06, {0, 0, 0, 1, '#', 0, 0}))); // wildcard
    BOOST_TEST(refused(with(0x42, {0, 0, 0, 0})));            // [MQTT-3.1.2-22]
    BOOST_TEST(refused(with(0x82, {0, 0})));    // user name is missing
    BOOST_TEST(refused(with(0x02, {0, 0, 1}))); // more than there is
    // Another protocol [MQTT-3.1.2-1] or level [MQTT-3.1.2-2].
    BOOST_TEST(
      refused(raw({0x10, 12, 0, 4, 'H', 'T', 'T', 'P', 4, 2, 0, 0, 0, 0})));
    BOOST_TEST(
      (decode_error(raw({0x10, 12, 0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 0, 0, 0}))
       == errc::incompatible_peer));
  }

  BOOST_AUTO_TEST_CASE(malformed_connacks_are_refused) {
    BOOST_TEST(!refused(raw({0x20, 2, 1, 0})));
    BOOST_TEST(refused(raw({0x20, 2, 2, 0})));    // reserved bits
    BOOST_TEST(refused(raw({0x20, 2, 0, 6})));    // reserved code
    BOOST_TEST(refused(raw({0x20, 2, 1, 5})));    // [MQTT-3.2.2-4]
    BOOST_TEST(refused(raw({0x20, 1, 0})));       // short
    BOOST_TEST(refused(raw({0x20, 3, 0, 0, 0}))); // long
  }

  BOOST_AUTO_TEST_CASE(malformed_publishes_are_refused) {
    BOOST_TEST(!refused(raw({0x30, 3, 0, 1, 't'})));
    BOOST_TEST(refused(raw({0x30, 2, 0, 0})));       // [MQTT-4.7.3-1]
    BOOST_TEST(refused(raw({0x30, 3, 0, 1, '+'})));  // [MQTT-3.3.2-2]
    BOOST_TEST(refused(raw({0x30, 3, 0, 1, '#'})));  //
    BOOST_TEST(refused(raw({0x30, 3, 0, 1, 0})));    // [MQTT-1.5.3-2]
    BOOST_TEST(refused(raw({0x30, 3, 0, 1, 0xff}))); // [MQTT-1.5.3-1]
    BOOST_TEST(refused(raw({0x30, 3, 0, 2, 't'})));  // topic is cut
    BOOST_TEST(refused(raw({0x30, 1, 0})));          //
    BOOST_TEST(refused(raw({0x32, 3, 0, 1, 't'})));  // packet id is missing
    BOOST_TEST(refused(raw({0x32, 5, 0, 1, 't', 0, 0}))); // [MQTT-2.3.1-1]
  }

  BOOST_AUTO_TEST_CASE(malformed_acknowledgements_are_refused) {
    for (const int first : {0x40, 0x50, 0x62, 0x70, 0xb0}) {
      BOOST_TEST(!refused(raw({first, 2, 0, 1})));
      BOOST_TEST(refused(raw({first, 2, 0, 0})));
      BOOST_TEST(refused(raw({first, 1, 0})));
      BOOST_TEST(refused(raw({first, 3, 0, 1, 0})));
    }
    for (const int first : {0xc0, 0xd0, 0xe0}) {
      BOOST_TEST(!refused(raw({first, 0})));
      BOOST_TEST(refused(raw({first, 1, 0})));
    }
  }

  BOOST_AUTO_TEST_CASE(malformed_subscriptions_are_refused) {
    BOOST_TEST(!refused(raw({0x82, 6, 0, 1, 0, 1, 'a', 1})));
    BOOST_TEST(refused(raw({0x82, 2, 0, 1})));                    // 3.8.3-3
    BOOST_TEST(refused(raw({0x82, 6, 0, 1, 0, 1, 'a', 3})));      // 3.8.3-4
    BOOST_TEST(refused(raw({0x82, 6, 0, 1, 0, 1, 'a', 4})));      // reserved
    BOOST_TEST(refused(raw({0x82, 5, 0, 1, 0, 1, 'a'})));         // no quality
    BOOST_TEST(refused(raw({0x82, 6, 0, 0, 0, 1, 'a', 1})));      // id 0
    BOOST_TEST(refused(raw({0x82, 7, 0, 1, 0, 2, '#', '/', 1}))); // 4.7.1-2
    BOOST_TEST(refused(raw({0x90, 2, 0, 1})));                    // no code
    BOOST_TEST(refused(raw({0x90, 3, 0, 1, 3})));                 // 3.9.3-2
    BOOST_TEST(refused(raw({0xa2, 2, 0, 1})));                    // 3.10.3-2
    BOOST_TEST(refused(raw({0xa2, 5, 0, 1, 0, 2, 'a'})));         // cut
  }

  BOOST_AUTO_TEST_CASE(errors_stay_until_reset) {
    decoder in{1000};
    in.feed(raw({0xf0}));
    BOOST_TEST(!in.next());
    in.feed(raw({0xc0, 0}));
    BOOST_TEST(!in.next());
    in.reset();
    in.feed(raw({0xc0, 0}));
    const auto next = in.next();
    BOOST_REQUIRE(next && *next);
    BOOST_TEST((std::get<packet>(**next) == packet{pingreq_packet{}}));
  }

  BOOST_AUTO_TEST_CASE(large_packet_is_refused_by_its_header) {
    BOOST_TEST((decode_error(raw({0x82, 0x65}), 100) == errc::too_large));
    BOOST_TEST((decode_error(raw({0x82, 0x64}), 100) == errc::ok));
  }

  BOOST_AUTO_TEST_CASE(oversized_publish_is_skipped_and_told) {
    const publish_packet large{
      "cam/1", std::string(5000, 'x'), qos::at_least_once, true, false, 77};
    const auto stream = must_encode(large) + must_encode(pingresp_packet{});
    for (const size_t piece : {1u, 5u, 100u, 6000u}) {
      decoder in{1000};
      std::vector<decoded> got;
      size_t most = 0;
      for (size_t at = 0; at < stream.size(); at += piece) {
        in.feed(std::string_view{stream}.substr(at, piece));
        for (;;) {
          auto next = in.next();
          BOOST_REQUIRE(next);
          if (!*next)
            break;
          got.push_back(std::move(**next));
        }
        most = std::max(most, in.buffered());
      }
      BOOST_REQUIRE_EQUAL(got.size(), 2u);
      const auto& skipped = std::get<oversized_publish>(got[0]);
      BOOST_TEST(skipped.payload_bytes == 5000u);
      BOOST_TEST(skipped.head.topic == "cam/1");
      BOOST_TEST(skipped.head.packet_id == 77);
      BOOST_TEST((std::get<packet>(got[1]) == packet{pingresp_packet{}}));
      BOOST_TEST(most < 200u);
    }
  }

  BOOST_AUTO_TEST_CASE(malformed_oversized_publish_is_refused) {
    // Topic longer than the packet; packet id 0; wildcard.
    BOOST_TEST(
      (decode_error(raw({0x30, 11, 0, 20, 1, 1, 1, 1, 1, 1, 1, 1, 1}), 10)
       == errc::invalid_argument));
    BOOST_TEST((decode_error(raw({0x32, 11, 0, 1, 't', 0, 0}), 10)
                == errc::invalid_argument));
    BOOST_TEST(
      (decode_error(raw({0x30, 11, 0, 1, '#'}), 10) == errc::invalid_argument));
  }

  BOOST_AUTO_TEST_SUITE_END()
