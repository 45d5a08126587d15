// Random valid packets and readable failures, for the tests of the codec.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/mqtt/decoder.hpp"
#include "libfaas/mqtt/encode.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace faas::mqtt {

/// Bytes from numbers, for hand-written packets.
inline std::string raw(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes)
    text += static_cast<char>(byte);
  return text;
}

/// All packets in `bytes`, which must be whole and well-formed.
inline std::vector<packet> decode_all(std::string_view bytes) {
  decoder in{1 << 20};
  in.feed(bytes);
  std::vector<packet> packets;
  for (;;) {
    auto next = in.next();
    BOOST_REQUIRE_MESSAGE(static_cast<bool>(next),
                          (next ? "" : next.error().message));
    if (!*next)
      break;
    packets.push_back(std::get<packet>(**next));
  }
  BOOST_TEST(in.buffered() == 0u);
  return packets;
}

/// Draws packets of every type with every combination of options.
class packet_maker {
public:
  explicit packet_maker(uint64_t seed) : random_(seed) {}

  packet make(size_t type) {
    switch (type) {
    case 0:
      return make_connect();
    case 1: {
      const auto code = static_cast<connect_code>(random_.below(6));
      return connack_packet{code == connect_code::accepted && coin(), code};
    }
    case 2: {
      const auto level = static_cast<qos>(random_.below(3));
      const bool kept = level != qos::at_most_once;
      return publish_packet{text(1, 20),    bytes(300),
                            level,          coin(),
                            kept && coin(), kept ? id() : uint16_t{0}};
    }
    case 3:
      return puback_packet{id()};
    case 4:
      return pubrec_packet{id()};
    case 5:
      return pubrel_packet{id()};
    case 6:
      return pubcomp_packet{id()};
    case 7: {
      subscribe_packet value{id(), {}};
      for (auto n = 1 + random_.below(5); n > 0; --n)
        value.subscriptions.push_back(
          {text(1, 10) + "/#", static_cast<qos>(random_.below(3))});
      return value;
    }
    case 8: {
      suback_packet value{id(), {}};
      for (auto n = 1 + random_.below(5); n > 0; --n)
        value.granted.push_back(
          coin() ? std::optional{static_cast<qos>(random_.below(3))}
                 : std::nullopt);
      return value;
    }
    case 9: {
      unsubscribe_packet value{id(), {}};
      for (auto n = 1 + random_.below(5); n > 0; --n)
        value.filters.push_back("+/" + text(1, 10));
      return value;
    }
    case 10:
      return unsuback_packet{id()};
    case 11:
      return pingreq_packet{};
    case 12:
      return pingresp_packet{};
    default:
      return disconnect_packet{};
    }
  }
  static constexpr size_t types = 14;

  random_source& random() { return random_; }
  bool coin() { return random_.below(2) == 1; }
  std::string bytes(size_t at_most) {
    std::string value(random_.below(at_most + 1), '\0');
    for (auto& c : value)
      c = static_cast<char>(random_.below(256));
    return value;
  }
  /// Letters of one to four bytes of UTF-8.
  std::string text(size_t at_least, size_t at_most) {
    static const char* const letters[]
      = {"a", "Z", "/", "$", "é", "温", "🦜"};
    std::string value;
    for (auto n = at_least + random_.below(at_most - at_least + 1); n > 0; --n)
      value += letters[random_.below(std::size(letters))];
    return value;
  }

private:
  uint16_t id() { return static_cast<uint16_t>(1 + random_.below(65'535)); }
  packet make_connect() {
    connect_packet value;
    value.client_id = text(1, 30);
    value.clean_session = coin();
    value.keep_alive_seconds = static_cast<uint16_t>(random_.below(65'536));
    if (coin())
      value.will = will{text(1, 20), bytes(50),
                        static_cast<qos>(random_.below(3)), coin()};
    if (coin()) {
      value.username = text(0, 20);
      if (coin())
        value.password = bytes(20);
    }
    return value;
  }

  random_source random_;
};

} // namespace faas::mqtt
