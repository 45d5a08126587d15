#include "libfaas/trust/token.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::trust;

namespace {

join_token sample() {
  join_token made;
  made.cluster = "petrel-0123456789abcdef";
  made.ca.bytes.fill(0xa5);
  made.secret.fill(0x3c);
  made.tier = "edge";
  made.expires = 1'800'000'000;
  made.addresses = {"cloud.example:8090", "192.0.2.7:8090", "[2001:db8::1]:1"};
  return made;
}

std::string text_of(const join_token& token) {
  auto text = token.to_text();
  BOOST_REQUIRE(text);
  return *text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(token_test)

BOOST_AUTO_TEST_CASE(what_was_put_in_comes_out) {
  const auto read = join_token::parse(text_of(sample()));
  BOOST_REQUIRE(read);
  BOOST_TEST((*read == sample()));
}

BOOST_AUTO_TEST_CASE(it_survives_copy_and_paste) {
  auto text = text_of(sample());
  BOOST_TEST(text.starts_with("petrel1_"));
  BOOST_TEST(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz1234567_")
             == text.npos);
  for (size_t at = 40; at < text.size(); at += 41)
    text.insert(at, "\r\n  ");
  text = "\t" + text + "\n";
  for (auto& c : text)
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 32);
  const auto read = join_token::parse(text);
  BOOST_REQUIRE(read);
  BOOST_TEST((*read == sample()));
}

BOOST_AUTO_TEST_CASE(every_cut_and_every_mistyped_letter_is_noticed) {
  const auto text = text_of(sample());
  for (size_t length = 0; length < text.size(); ++length) {
    const auto read = join_token::parse(text.substr(0, length));
    BOOST_REQUIRE(!read);
    BOOST_TEST(!read.error().next_step.empty());
  }
  for (size_t at = 0; at < text.size(); ++at)
    for (const char letter : {'a', 'z', '7', '0', '-', '\x01'}) {
      auto wrong = text;
      if (wrong[at] == letter)
        continue;
      wrong[at] = letter;
      BOOST_TEST(!join_token::parse(wrong));
    }
  BOOST_TEST(!join_token::parse(text + "a"));
  BOOST_TEST(!join_token::parse(text + "aaaaaaaa"));
}

BOOST_AUTO_TEST_CASE(another_version_is_told_apart_from_garbage) {
  auto text = text_of(sample());
  text[6] = '2';
  BOOST_TEST(join_token::parse(text).error().message.find("version")
             != std::string::npos);
  BOOST_TEST(join_token::parse("hello").error().message.find("petrel1_")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(limits_hold_in_both_directions) {
  auto token = sample();
  token.addresses.clear();
  BOOST_TEST(!token.to_text());
  token.addresses.assign(9, "a:1");
  BOOST_TEST(!token.to_text());
  token.addresses = {"no-port"};
  BOOST_TEST(!token.to_text());
  token = sample();
  token.cluster.clear();
  BOOST_TEST(!token.to_text());
  token.cluster.assign(129, 'c');
  BOOST_TEST(!token.to_text());
  token = sample();
  token.tier = "two words";
  BOOST_TEST(!token.to_text());
  token = sample();
  token.addresses.assign(8, std::string(250, 'h') + ":1");
  BOOST_TEST(!token.to_text()); // over max_text
  BOOST_TEST(!join_token::parse(std::string(100'000, 'a')));
}

BOOST_AUTO_TEST_CASE(addresses_have_a_host_and_a_port) {
  for (const auto* good : {"a:1", "127.0.0.1:65535", "[::1]:80"})
    BOOST_TEST(valid_address(good), good);
  for (const auto* bad : {"", ":", "a", "a:", ":1", "a:0", "a:65536", "a:1x",
                          "::1:80", "[]:1", "[::1:1", "a b:1", "a:-1"})
    BOOST_TEST(!valid_address(bad), bad);
}

BOOST_AUTO_TEST_SUITE_END()
