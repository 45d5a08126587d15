// Bytes of any kind as a decision log: reading never crashes, takes bounded
// memory, and what it gives is usable. The corpus is hex: segments of format 1
// and some that look dangerous. Mutated payloads get a right check again, else
// nothing behind it would be reached.
#include "libfaas/decisions/crc32c.hpp"
#include "libfaas/decisions/segment_reader.hpp"
#include "tests/fuzz/inputs.hpp"
#include "tests/unit/decisions/builders.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstring>

using namespace faas;
using namespace faas::decisions;

namespace {

std::string from_hex(const std::string& text) {
  std::string digits, bytes;
  for (const char c : text)
    if (std::isxdigit(static_cast<unsigned char>(c)))
      digits += c;
  for (size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return bytes;
}

/// Sets the check of every block that can be found.
std::string with_checks(std::string bytes) {
  size_t at = segment_magic.size() + 1;
  while (at + block_head <= bytes.size()) {
    uint32_t size = 0;
    std::memcpy(&size, bytes.data() + at, sizeof size);
    size = static_cast<uint32_t>(
      std::min<size_t>(size, bytes.size() - at - block_head));
    const auto check
      = crc32c(std::string_view{bytes}.substr(at + block_head, size));
    std::memcpy(bytes.data() + at, &size, sizeof size);
    std::memcpy(bytes.data() + at + 4, &check, sizeof check);
    at += block_head + size;
  }
  return bytes;
}

void check(const record& one) {
  BOOST_REQUIRE(one.of);
  BOOST_REQUIRE(one.sites.size() == one.of->sites.size());
  BOOST_REQUIRE(one.sites.size() <= max_logged_sites);
  for (const auto position : {one.chosen, one.runner_up})
    BOOST_REQUIRE(position == routing::decision::none
                  || position < one.sites.size());
  for (const auto& site : one.sites)
    BOOST_REQUIRE(std::isfinite(site.total()));
  BOOST_REQUIRE(std::isfinite(one.propensity) && std::isfinite(one.logged)
                && std::isfinite(one.total_ms));
  BOOST_REQUIRE(!name(one.how).empty());
}

uint64_t read(const std::string& bytes) {
  const auto got = read_log(bytes, [](const record& one) {
    check(one);
    return true;
  });
  return got ? got->records : 0;
}

std::string valid(random_source& random) {
  std::vector<record> all;
  const auto of = test::three_sites();
  for (int i = 0; i < 6; ++i)
    all.push_back(test::usual(random, of));
  all[1].how = ending::lost;
  all[1].propensity = 0.2;
  all[2].cold_ms = 9;
  all[2].runner_up = 2;
  all[2].sites[1].considered = false;
  return test::segment_of(all, 2);
}

} // namespace

BOOST_AUTO_TEST_SUITE(decisions_fuzz_test)

BOOST_AUTO_TEST_CASE(the_corpus_is_read_or_refused) {
  const auto all = test::corpus("decisions");
  BOOST_TEST(all.size() >= 5u);
  for (const auto& text : all)
    read(from_hex(text));
}

BOOST_AUTO_TEST_CASE(the_first_format_stays_readable) {
  const auto all = test::corpus("decisions");
  BOOST_TEST(read(from_hex(all.front())) == 6u); // 01-whole.hex
}

BOOST_AUTO_TEST_CASE(mutations_are_read_or_refused) {
  const auto seed = test::setting("PETREL_FUZZ_SEED", 1);
  BOOST_TEST_MESSAGE("seed " << seed);
  random_source random{seed};
  const auto rounds = test::setting("PETREL_FUZZ_ROUNDS", 5'000);
  uint64_t records = 0;
  for (uint64_t i = 0; i < rounds; ++i) {
    auto bytes = test::mutated(valid(random), random);
    records += read(bytes);
    records += read(with_checks(std::move(bytes)));
  }
  BOOST_TEST(records > rounds); // not all of it was refused at the door
}

BOOST_AUTO_TEST_SUITE_END()
