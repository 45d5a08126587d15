// Every stream of a bulk connection ends in messages or an error, the same
// however it is cut, within its bounds. Inputs: the corpus and seeded mutations
// of it. PETREL_FUZZ_SEED and PETREL_FUZZ_ROUNDS override the defaults.
#include "libfaas/bulk/line.hpp"
#include "libfaas/core/random.hpp"
#include "tests/fuzz/inputs.hpp"

#include <boost/test/unit_test.hpp>


using namespace faas;
using namespace faas::test;
using namespace faas::bulk;

namespace {

/// What a node may say.
std::string good_talk(random_source& random) {
  std::string bytes;
  for (uint64_t i = 0; i <= random.below(6); ++i)
    switch (random.below(4)) {
    case 0: append_ping(bytes); break;
    case 1: append_ack(bytes, {0, random.below(1 << 20), {}}); break;
    default:
      append_data(bytes, bulk_topic::bundle,
                  std::string(1 + random.below(200), 'x'),
                  random.below(2) == 0);
    }
  return bytes;
}

struct outcome {
  bool good = true;
  uint64_t received = 0;
  std::vector<std::string> messages;
  bool operator==(const outcome&) const = default;
};

/// `step` 0: all at once.
outcome take(const std::string& bytes, random_source* cut) {
  const time_point now{std::chrono::hours{1}};
  line_options options;
  options.credit = 100'000;
  line it{options, now};
  it.push(now, {bulk_topic::bundle, std::string(500, 'y')});
  std::vector<line::message> got;
  outcome made;
  for (size_t at = 0; at < bytes.size() && made.good;) {
    const auto step = cut ? 1 + cut->below(50) : bytes.size();
    made.good
      = bool{it.read(now, std::string_view{bytes}.substr(at, step), got)};
    at += step;
  }
  std::string out;
  it.write(now, 128 * 1024, out);
  BOOST_REQUIRE(it.received() <= options.credit);
  made.received = it.received();
  for (auto& one : got)
    made.messages.push_back(std::move(one.bytes));
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(bulk_fuzz_test)

BOOST_AUTO_TEST_CASE(streams_however_cut_end_the_same) {
  const auto seed = setting("PETREL_FUZZ_SEED", 7);
  BOOST_TEST_MESSAGE("seed " << seed);
  random_source random{seed};
  auto inputs = corpus("bulk");
  BOOST_REQUIRE(!inputs.empty());
  for (int i = 0; i < 30; ++i)
    inputs.push_back(good_talk(random));
  for (const auto& bytes : inputs)
    BOOST_REQUIRE((take(bytes, nullptr) == take(bytes, &random)));
  for (uint64_t i = 0; i < setting("PETREL_FUZZ_ROUNDS", 20'000); ++i) {
    const auto bytes = mutated(inputs[random.below(inputs.size())], random);
    const auto whole = take(bytes, nullptr), cut = take(bytes, &random);
    BOOST_REQUIRE((whole == cut));
    const auto hello = decode_hello(bytes);
    if (hello)
      BOOST_REQUIRE(encode_hello(*hello) == bytes);
  }
}

BOOST_AUTO_TEST_SUITE_END()
