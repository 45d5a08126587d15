#include "libfaas/trust/link_guard.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::trust;

namespace {

std::string frame(uint8_t operation, const std::string& payload,
                  uint32_t announced = ~uint32_t{0}) {
  if (announced == ~uint32_t{0})
    announced = static_cast<uint32_t>(payload.size());
  std::string bytes(32, '\0');
  bytes[0] = static_cast<char>(operation);
  for (int i = 0; i < 4; ++i)
    bytes[4 + static_cast<size_t>(i)]
      = static_cast<char>(announced >> (24 - 8 * i));
  return bytes + payload;
}

const auto greeting = frame(0, "who I am");

} // namespace

BOOST_AUTO_TEST_SUITE(link_guard_test)

BOOST_AUTO_TEST_CASE(a_conversation_passes_however_it_is_cut) {
  const auto talk = greeting + frame(2, std::string(70'000, 'x')) + frame(6, "")
                    + frame(4, "m") + frame(5, "d") + frame(2, "y");
  for (const size_t step : {size_t{1}, size_t{7}, size_t{31}, talk.size()}) {
    link_guard guard{link_guard::side::dialled};
    for (size_t at = 0; at < talk.size(); at += step)
      BOOST_REQUIRE(guard.feed(std::string_view{talk}.substr(at, step)));
    BOOST_REQUIRE(guard.announced());
    BOOST_TEST(*guard.announced() == "who I am");
  }
}

BOOST_AUTO_TEST_CASE(the_handshake_is_known_only_when_complete) {
  link_guard guard{link_guard::side::accepted};
  const auto hello = frame(1, "abc");
  BOOST_REQUIRE(guard.feed(hello.substr(0, hello.size() - 1)));
  BOOST_TEST(!guard.announced());
  BOOST_REQUIRE(guard.feed("c"));
  BOOST_TEST(*guard.announced() == "abc");
}

BOOST_AUTO_TEST_CASE(a_length_of_4_gib_is_refused_before_any_of_it) {
  link_guard guard{link_guard::side::dialled};
  BOOST_TEST(!guard.feed(frame(0, "", 0xfffffffeu)));
  link_guard later{link_guard::side::dialled};
  BOOST_REQUIRE(later.feed(greeting));
  BOOST_TEST(bool{later.feed(frame(2, "", 0))});
  BOOST_TEST(!later.feed(frame(2, "", link_guard::max_payload + 1)));
}

BOOST_AUTO_TEST_CASE(garbage_and_missing_handshakes_are_refused) {
  const std::string http
    = "GET / HTTP/1.1\r\nHost: petrel.example.net\r\n\r\n";
  for (const auto& first : {http, frame(1, "x"), frame(2, "x"), frame(6, ""),
                            frame(0, ""), std::string(64, '\xff')}) {
    link_guard guard{link_guard::side::dialled};
    BOOST_TEST(!guard.feed(first));
  }
  link_guard guard{link_guard::side::accepted};
  BOOST_TEST(!guard.feed(greeting));
}

BOOST_AUTO_TEST_CASE(nobody_speaks_for_others_or_becomes_another) {
  for (const uint8_t operation : {0, 1, 3, 7, 255}) {
    link_guard guard{link_guard::side::dialled};
    BOOST_REQUIRE(guard.feed(greeting));
    BOOST_TEST(!guard.feed(frame(operation, "x")));
  }
}

BOOST_AUTO_TEST_CASE(the_same_handshake_may_come_again) {
  link_guard guard{link_guard::side::dialled}; // CAF does so
  BOOST_REQUIRE(guard.feed(greeting));
  BOOST_TEST(bool{guard.feed(greeting + frame(2, "x") + greeting)});
  BOOST_TEST(*guard.announced() == "who I am");
  BOOST_TEST(!guard.feed(frame(0, "who I am not")));
}

BOOST_AUTO_TEST_CASE(a_handshake_is_short) {
  link_guard guard{link_guard::side::dialled};
  BOOST_TEST(bool{guard.feed(
    frame(0, std::string(link_guard::max_handshake, 'n')))});
  link_guard other{link_guard::side::dialled};
  BOOST_TEST(!other.feed(
    frame(0, std::string(link_guard::max_handshake + 1, 'n'))));
}

BOOST_AUTO_TEST_SUITE_END()
