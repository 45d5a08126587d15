// Whatever a broker sends, decoder and session neither crash, hang nor grow.
// Inputs: the corpus (bytes from a broker), and seeded mutations of it and of
// random packets. PETREL_FUZZ_SEED and PETREL_FUZZ_ROUNDS override the
// defaults.
#include "libfaas/mqtt/session.hpp"
#include "tests/fuzz/inputs.hpp"
#include "tests/unit/mqtt/packet_maker.hpp"

#include <algorithm>

using namespace faas;
using namespace faas::test;
using namespace faas::mqtt;
using namespace std::chrono_literals;

namespace {

constexpr size_t packet_limit = 4096;

struct outcome {
  std::vector<packet> packets;
  size_t oversized = 0;
  bool failed = false;
  bool operator==(const outcome&) const = default;
};

outcome decode(std::string_view input, size_t piece) {
  decoder in{packet_limit};
  outcome result;
  for (size_t at = 0; at < input.size() && !result.failed; at += piece) {
    in.feed(input.substr(at, piece));
    for (;;) {
      auto next = in.next();
      result.failed = !next;
      if (!next || !*next)
        break;
      if (auto* value = std::get_if<packet>(&**next))
        result.packets.push_back(std::move(*value));
      else
        ++result.oversized;
    }
    // One packet under way, or the longest head of an oversized PUBLISH.
    BOOST_REQUIRE(in.buffered() <= mqtt::limits::text_bytes + 16 + piece);
  }
  return result;
}

/// Cut as it may be, an input means the same, and what it means can be said
/// again.
void use_decoder(const std::string& input) {
  const auto whole = decode(input, std::max<size_t>(input.size(), 1));
  BOOST_REQUIRE(decode(input, 1) == whole);
  BOOST_REQUIRE(decode(input, 7) == whole);
  std::string again;
  for (const auto& value : whole.packets) {
    const auto bytes = encode(value);
    BOOST_REQUIRE(static_cast<bool>(bytes));
    again += *bytes;
  }
  BOOST_REQUIRE(decode(again, again.size() + 1).packets == whole.packets);
}

session_options small_bounds(random_source& random) {
  session_options options;
  options.client_id = "fuzz";
  options.clean_session = random.below(2) == 1;
  options.max_packet_bytes = packet_limit;
  options.max_deliveries = 1 + static_cast<uint32_t>(random.below(8));
  options.max_outbound = 8;
  return options;
}

/// Counts what came of it, so that the test can tell that the inputs reach
/// something.
struct reached {
  size_t online = 0, delivered = 0, published = 0, closed = 0, paused = 0;
};

void use_session(const std::string& input, random_source& random,
                 reached& total) {
  session session{small_bounds(random)};
  time_point now{1h};
  std::vector<delivery_id> held;
  BOOST_REQUIRE(session.subscribe({{"t/#"}}, now));
  for (int connection = 0; connection < 2; ++connection) {
    session.transport_up(now);
    // Most inputs should come past the opening.
    if (random.below(4) != 0)
      session.received(raw({0x20, 2, 0, 0}), now);
    for (size_t at = 0; at < input.size();) {
      const auto piece = 1 + random.below(64);
      if (session.wants_input())
        session.received(std::string_view{input}.substr(at, piece), now);
      else
        ++total.paused;
      at += piece;
      for (auto& one : session.take_effects()) {
        if (auto* got = std::get_if<deliver>(&one))
          held.push_back(got->message.id);
        total.online += std::holds_alternative<went_online>(one);
        total.delivered += std::holds_alternative<deliver>(one);
        total.published += std::holds_alternative<publish_done>(one);
        total.closed += std::holds_alternative<close_transport>(one);
      }
      BOOST_REQUIRE(session.unacknowledged_deliveries()
                    <= session.options().max_deliveries);
      BOOST_REQUIRE(session.outbound() <= 8u);
      if (!held.empty() && random.below(2) == 0) {
        const auto which
          = held.begin() + static_cast<ptrdiff_t>(random.below(held.size()));
        session.acknowledge(*which, now);
        held.erase(which);
      }
      if (random.below(8) == 0)
        static_cast<void>(session.publish({"out", "x"}, now));
      session.tick(now += from_ms(static_cast<double>(random.below(2000))));
      BOOST_REQUIRE(session.next_tick() > now - 1h);
    }
    session.transport_down();
    session.take_effects();
  }
}

std::string random_packets(packet_maker& make) {
  std::string bytes;
  for (auto n = 1 + make.random().below(6); n > 0; --n) {
    // Mostly what brokers send.
    static constexpr size_t likely[] = {1, 2, 2, 2, 3, 8, 10, 12};
    const auto type = make.random().below(4) != 0
                        ? likely[make.random().below(std::size(likely))]
                        : make.random().below(packet_maker::types);
    bytes += *encode(make.make(type));
  }
  return bytes;
}

void mutate(std::string& bytes, const std::string& other,
            random_source& random) {
  for (auto n = random.below(5); n > 0; --n) {
    const auto at = random.below(bytes.size() + 1);
    switch (random.below(6)) {
    case 0:
      if (at < bytes.size())
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
      break;
    case 1:
      if (at < bytes.size())
        bytes[at] = static_cast<char>(random.below(256));
      break;
    case 2:
      bytes.insert(at, 1, static_cast<char>(random.below(256)));
      break;
    case 3:
      bytes.erase(at, 1 + random.below(8));
      break;
    case 4:
      bytes
        = bytes.substr(0, at) + other.substr(random.below(other.size() + 1));
      break;
    case 5: // the ends of the ranges
      if (at < bytes.size())
        bytes[at] = "\x00\x7f\x80\xff"[random.below(4)];
      break;
    }
    bytes.resize(std::min<size_t>(bytes.size(), 8192));
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(mqtt_fuzz_test)

  BOOST_AUTO_TEST_CASE(corpus_is_survived) {
    const auto inputs = corpus("mqtt");
    BOOST_REQUIRE(inputs.size() >= 10);
    random_source random{1};
    reached total;
    for (const auto& input : inputs) {
      use_decoder(input);
      for (int i = 0; i < 20; ++i)
        use_session(input, random, total);
    }
    BOOST_TEST(total.delivered > 0u);
  }

  BOOST_AUTO_TEST_CASE(mutations_are_survived) {
    const auto seed = setting("PETREL_FUZZ_SEED", 20260402);
    const auto rounds = setting("PETREL_FUZZ_ROUNDS", 200'000);
    BOOST_TEST_MESSAGE("PETREL_FUZZ_SEED=" << seed
                                           << " PETREL_FUZZ_ROUNDS=" << rounds);
    const auto inputs = corpus("mqtt");
    packet_maker make{seed};
    auto& random = make.random();
    reached total;
    for (uint64_t round = 0; round < rounds; ++round) {
      auto input = random.below(2) == 0 ? random_packets(make)
                                        : inputs[random.below(inputs.size())];
      mutate(input, inputs[random.below(inputs.size())], random);
      BOOST_TEST_CONTEXT("round " << round) {
        use_decoder(input);
        use_session(input, random, total);
      }
    }
    BOOST_TEST_MESSAGE("online "
                       << total.online << ", delivered " << total.delivered
                       << ", published " << total.published << ", closed "
                       << total.closed << ", paused " << total.paused);
    BOOST_TEST(total.online > rounds / 2);
    BOOST_TEST(total.delivered > rounds / 10);
    BOOST_TEST(total.published > rounds / 1000);
    BOOST_TEST(total.closed > rounds / 10);
    BOOST_TEST(total.paused > rounds / 1000);
  }

  BOOST_AUTO_TEST_SUITE_END()
