// Every token text and every byte stream ends in a value or an error. Inputs:
// the corpus and seeded mutations of it. PETREL_FUZZ_SEED and
// PETREL_FUZZ_ROUNDS override the defaults.
#include "libfaas/core/random.hpp"
#include "libfaas/trust/link_guard.hpp"
#include "libfaas/trust/token.hpp"
#include "tests/fuzz/inputs.hpp"

#include <boost/test/unit_test.hpp>


using namespace faas;
using namespace faas::test;
using namespace faas::trust;

namespace {

std::string good_token(random_source& random) {
  join_token made;
  made.cluster = std::string(1 + random.below(128), 'c');
  for (auto& byte : made.secret)
    byte = static_cast<uint8_t>(random.next());
  made.tier = std::string(random.below(20), 't');
  made.expires = static_cast<int64_t>(random.below(1ull << 40));
  for (uint64_t i = 0; i <= random.below(4); ++i)
    made.addresses.push_back("h" + std::to_string(i) + ":1");
  const auto text = made.to_text();
  BOOST_REQUIRE(text);
  return *text;
}

/// What parses, prints and parses to the same.
void use(const std::string& text) {
  const auto read = join_token::parse(text);
  if (!read) {
    BOOST_REQUIRE(!read.error().message.empty());
    BOOST_REQUIRE(!read.error().next_step.empty());
    return;
  }
  const auto again = read->to_text();
  BOOST_REQUIRE(again);
  const auto back = join_token::parse(*again);
  BOOST_REQUIRE(back);
  BOOST_REQUIRE((*back == *read));
}

} // namespace

BOOST_AUTO_TEST_SUITE(trust_fuzz_test)

BOOST_AUTO_TEST_CASE(tokens) {
  const auto seed = setting("PETREL_FUZZ_SEED", 7);
  BOOST_TEST_MESSAGE("seed " << seed);
  random_source random{seed};
  auto inputs = corpus("trust");
  BOOST_REQUIRE(!inputs.empty());
  for (const auto& text : inputs)
    use(text);
  for (int i = 0; i < 20; ++i)
    inputs.push_back(good_token(random));
  for (uint64_t i = 0; i < setting("PETREL_FUZZ_ROUNDS", 20'000); ++i)
    use(mutated(inputs[random.below(inputs.size())], random));
}

BOOST_AUTO_TEST_CASE(streams_however_cut_end_the_same) {
  const auto seed = setting("PETREL_FUZZ_SEED", 7);
  BOOST_TEST_MESSAGE("seed " << seed);
  random_source random{seed};
  for (uint64_t i = 0; i < setting("PETREL_FUZZ_ROUNDS", 20'000) / 10; ++i) {
    std::string bytes;
    for (uint64_t frame = 0; frame < 4; ++frame) {
      std::string header(32, '\0');
      header[0] = static_cast<char>(frame == 0 ? 0 : random.below(9));
      const auto length = random.below(40);
      header[7] = static_cast<char>(length);
      bytes += header + std::string(length, 'x');
    }
    bytes = random.below(2) ? mutated(bytes, random) : bytes;
    link_guard whole{link_guard::side::dialled};
    const bool good = bool{whole.feed(bytes)};
    link_guard cut{link_guard::side::dialled};
    bool all = true;
    for (size_t at = 0; at < bytes.size() && all;) {
      const auto step = 1 + random.below(50);
      all = bool{cut.feed(std::string_view{bytes}.substr(at, step))};
      at += step;
    }
    BOOST_REQUIRE_EQUAL(all, good);
    BOOST_REQUIRE(whole.announced() == cut.announced());
  }
}

BOOST_AUTO_TEST_SUITE_END()
