#include "libfaas/decisions/crc32c.hpp"
#include "libfaas/decisions/segment_reader.hpp"
#include "libfaas/decisions/tiny_float.hpp"
#include "tests/unit/decisions/builders.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::decisions;
using faas::test::segment_of;
using faas::test::three_sites;
using faas::test::usual;

namespace {

struct read_back {
  std::vector<record> all;
  result<log_facts> facts;

  explicit read_back(std::string_view bytes)
    : facts(read_log(bytes, [this](const record& one) {
        all.push_back(one);
        return true;
      })) {}
};

std::vector<record> some(size_t count, uint64_t seed = 5) {
  random_source random{seed};
  const auto of = three_sites();
  std::vector<record> all;
  for (size_t i = 0; i < count; ++i)
    all.push_back(usual(random, of, 1'700'000'000'000'000
                                      + static_cast<int64_t>(i) * 1000));
  return all;
}

bool near(double a, double b) {
  return std::abs(a - b) <= 0.0005 * std::abs(b);
}

void check_site(const logged_site& got, const logged_site& put) {
  BOOST_TEST(got.considered == put.considered);
  if (!put.considered)
    return;
  BOOST_TEST(got.in_flight == put.in_flight);
  for (const auto part :
       {&logged_site::network, &logged_site::queue, &logged_site::service,
        &logged_site::cold, &logged_site::overdue, &logged_site::imposed, &logged_site::deviation,
        &logged_site::doubt})
    BOOST_TEST(near(got.*part, put.*part));
}

void check_same(const record& got, const record& put) {
  BOOST_TEST((got.id == put.id));
  BOOST_TEST(got.at_us == put.at_us);
  BOOST_TEST((*got.of == *put.of));
  BOOST_TEST(near(got.size, put.size));
  BOOST_TEST(near(got.bytes, put.bytes));
  BOOST_TEST(near(got.deadline_ms, put.deadline_ms));
  BOOST_TEST(int{got.attempt} == int{put.attempt});
  BOOST_TEST(int{got.chosen} == int{put.chosen});
  BOOST_TEST(int{got.runner_up} == int{put.runner_up});
  BOOST_TEST((got.why == put.why));
  BOOST_TEST(float(got.propensity) == float(put.propensity));
  BOOST_TEST(float(got.logged) == float(put.logged));
  BOOST_TEST((got.how == put.how));
  BOOST_TEST(got.went_on == put.went_on);
  BOOST_TEST(got.status == put.status);
  BOOST_TEST((got.start == put.start));
  BOOST_TEST(near(got.total_ms, put.total_ms));
  BOOST_TEST(near(got.queue_ms, put.queue_ms));
  BOOST_TEST(near(got.service_ms, put.service_ms));
  BOOST_TEST(near(got.cold_ms, put.cold_ms));
  BOOST_REQUIRE(got.sites.size() == put.sites.size());
  for (size_t i = 0; i < put.sites.size(); ++i)
    check_site(got.sites[i], put.sites[i]);
}

/// Every field away from its usual value.
record odd(random_source& random) {
  auto of = std::make_shared<context>();
  of->function = "odd";
  of->version = 4'000'000'000;
  of->policy = "static";
  for (int i = 0; i < 32; ++i)
    of->sites.push_back("node-" + std::to_string(i) + "/cuda0");
  auto made = usual(random, of, -5);
  made.size = 1e9;
  made.attempt = 3;
  made.chosen = 31;
  made.runner_up = 15;
  made.why = routing::reason::explored;
  made.propensity = 0.0123;
  made.logged = 0.5;
  made.how = ending::timed_out;
  made.went_on = true;
  made.status = 504;
  made.start = began::cold;
  made.cold_ms = 1234;
  made.sites[3].considered = false;
  made.sites[4].cold = 77;
  made.sites[5].overdue = 1e6f;
  made.sites[6].in_flight = 1u << 31;
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(segment_test)

BOOST_AUTO_TEST_CASE(small_floats_keep_three_digits_and_whole_numbers) {
  for (int i = 0; i <= 2048; ++i)
    BOOST_TEST(from_tiny(to_tiny(static_cast<float>(i))) == i);
  for (float x = 1e-6f; x < 1e11f; x *= 1.37f)
    BOOST_TEST(std::abs(from_tiny(to_tiny(x)) / x - 1) <= 0.0005);
  BOOST_TEST(to_tiny(-1) == 0);
  BOOST_TEST(to_tiny(std::nanf("")) == 0);
  BOOST_TEST(to_tiny(1e-30f) == 0);
  BOOST_TEST(to_tiny(std::numeric_limits<float>::infinity()) == 0xffff);
  BOOST_TEST(std::isfinite(from_tiny(0xffff)));
}

BOOST_AUTO_TEST_CASE(the_check_is_the_one_of_rfc_3720) {
  BOOST_TEST(crc32c("123456789") == 0xe3069283u);
  BOOST_TEST(crc32c(std::string(32, '\0')) == 0x8a9136aau);
  BOOST_TEST(crc32c("") == 0u);
  BOOST_TEST(crc32c_by_table("123456789") == 0xe3069283u);
  std::string text; // of each length, from each place
  for (int i = 0; i < 70; ++i) {
    text += static_cast<char>(37 * i);
    for (size_t from = 0; from < 8 && from <= text.size(); ++from) {
      const auto part = std::string_view{text}.substr(from);
      BOOST_TEST(crc32c(part) == crc32c_by_table(part));
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
  random_source random{11};
  auto all = some(250);
  all.push_back(odd(random));
  all.push_back(usual(random, three_sites("other")));
  auto none = usual(random, all[0].of);
  none.chosen = none.runner_up = routing::decision::none;
  for (auto& site : none.sites)
    site.considered = false;
  all.push_back(none);
  const read_back got{segment_of(all)};
  BOOST_REQUIRE(got.facts);
  BOOST_TEST(got.facts->whole());
  BOOST_REQUIRE(got.facts->segments.size() == 1u);
  BOOST_TEST(got.facts->segments[0].node == "edge-1");
  BOOST_TEST(got.facts->segments[0].software == "0.1.0");
  BOOST_REQUIRE(got.all.size() == all.size());
  for (size_t i = 0; i < all.size(); ++i)
    check_same(got.all[i], all[i]);
}

BOOST_AUTO_TEST_CASE(what_is_rounded_as_kept_is_read_back_exactly) {
  random_source random{12};
  auto one = odd(random);
  one.size = 1.0 / 3;
  one.bytes = 12'345'678;
  round_as_kept(one);
  const read_back got{segment_of({one})};
  BOOST_REQUIRE(got.all.size() == 1u);
  const auto& same = got.all[0];
  BOOST_TEST(same.size == one.size);
  BOOST_TEST(same.bytes == one.bytes);
  BOOST_TEST(same.deadline_ms == one.deadline_ms);
  BOOST_TEST(same.propensity == one.propensity);
  BOOST_TEST(same.total_ms == one.total_ms);
  BOOST_TEST(same.cold_ms == one.cold_ms);
  for (size_t i = 0; i < one.sites.size(); ++i)
    if (one.sites[i].considered) {
      BOOST_TEST(same.sites[i].total() == one.sites[i].total());
      BOOST_TEST(same.sites[i].deviation == one.sites[i].deviation);
      BOOST_TEST(same.sites[i].doubt == one.sites[i].doubt);
    }
}

BOOST_AUTO_TEST_CASE(three_candidates_take_about_sixty_bytes) {
  const auto all = some(1000);
  const auto each = static_cast<double>(segment_of(all).size()) / 1000;
  BOOST_TEST_MESSAGE("bytes per decision: " << each);
  BOOST_TEST(each < 64);
}

BOOST_AUTO_TEST_CASE(a_torn_tail_costs_its_block_only) {
  const auto all = some(300);
  const auto bytes = segment_of(all);
  const auto two_blocks = segment_of({all.begin(), all.begin() + 200});
  for (auto end = two_blocks.size() + 1; end < bytes.size(); end += 7) {
    const read_back got{std::string_view{bytes}.substr(0, end)};
    BOOST_REQUIRE(got.facts);
    BOOST_TEST(got.facts->torn);
    BOOST_TEST(got.all.size() == 200u);
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_block_is_skipped) {
  const auto all = some(300);
  auto bytes = segment_of(all);
  const auto first = segment_of({all.begin(), all.begin() + 100}).size();
  bytes[first + 40] = static_cast<char>(bytes[first + 40] ^ 1);
  const read_back got{bytes};
  BOOST_REQUIRE(got.facts);
  BOOST_TEST(got.facts->damaged_blocks == 1u);
  BOOST_REQUIRE(got.all.size() == 200u);
  check_same(got.all[150], all[250]);
}

BOOST_AUTO_TEST_CASE(names_in_a_damaged_block_are_not_mistaken) {
  random_source random{3};
  const auto a = three_sites("a"), b = three_sites("b");
  std::vector<record> all;
  for (int i = 0; i < 4; ++i)
    all.push_back(usual(random, i % 2 == 0 ? a : b));
  const auto head = segment_of({}).size();
  auto bytes = segment_of({all[0], all[1], all[1], all[0]}, 1);
  bytes[head + 20] = static_cast<char>(bytes[head + 20] ^ 1);
  const read_back got{bytes};
  BOOST_REQUIRE(got.facts);
  BOOST_TEST(got.facts->damaged_blocks == 1u);
  BOOST_TEST(got.facts->nameless_blocks == 1u);
  BOOST_REQUIRE(got.all.size() == 2u);
  BOOST_TEST(got.all[0].of->function == "b");
}

BOOST_AUTO_TEST_CASE(segments_may_follow_each_other) {
  const auto all = some(20);
  const read_back got{segment_of(all) + segment_of(all)};
  BOOST_REQUIRE(got.facts);
  BOOST_TEST(got.facts->segments.size() == 2u);
  BOOST_TEST(got.all.size() == 40u);
}

BOOST_AUTO_TEST_CASE(a_later_format_and_other_files_are_refused) {
  auto bytes = segment_of(some(1));
  bytes[segment_magic.size()] = 2;
  const read_back newer{bytes};
  BOOST_REQUIRE(!newer.facts);
  BOOST_TEST((newer.facts.error().code == errc::incompatible_peer));
  BOOST_TEST(newer.facts.error().message.find("format 2")
             != std::string::npos);
  for (const auto* other : {"", "PETREL", "{\"json\": 1}"}) {
    const read_back got{other};
    BOOST_REQUIRE(!got.facts);
    BOOST_TEST((got.facts.error().code == errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_CASE(absurd_numbers_stay_numbers) {
  auto all = some(1);
  all[0].total_ms = std::numeric_limits<float>::quiet_NaN();
  all[0].propensity = std::numeric_limits<double>::quiet_NaN();
  all[0].sites[0].service = -3;
  all[0].sites[1].network = std::numeric_limits<float>::infinity();
  const read_back got{segment_of(all)};
  BOOST_REQUIRE(got.all.size() == 1u);
  BOOST_TEST(got.all[0].total_ms == 0);
  BOOST_TEST(got.all[0].propensity == 0);
  BOOST_TEST(got.all[0].sites[0].service == 0);
  BOOST_TEST(std::isfinite(got.all[0].sites[1].total()));
}

BOOST_AUTO_TEST_CASE(too_many_sites_are_left_out) {
  random_source random{1};
  auto of = std::make_shared<context>();
  of->sites.resize(33);
  const auto one = usual(random, of);
  segment_writer writer;
  BOOST_TEST(!writer.add(one, one.of, one.sites));
  BOOST_TEST(writer.pending() == 0u);
}

BOOST_AUTO_TEST_CASE(a_batch_shares_contexts) {
  const auto all = some(3);
  random_source random{1};
  const auto other = usual(random, three_sites("other"));
  batch to;
  to.add(all[0], all[0].of, all[0].sites);
  to.add(other, other.of, other.sites);
  to.add(all[1], all[1].of, all[1].sites);
  BOOST_TEST(to.contexts.size() == 2u);
  BOOST_TEST(to.items[2].context == 0u);
  check_site(to.sites_of(to.items[1])[2], other.sites[2]);
}

BOOST_AUTO_TEST_SUITE_END()
