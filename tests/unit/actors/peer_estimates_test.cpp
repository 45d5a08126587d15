// What routers tell each other.
#include "actors/predictor/peer_estimates.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace faas;
using namespace faas::actors;

namespace {

routing::snapshot told(size_t pairs = 2) {
  routing::snapshot made;
  made.links = {{"wan", 40, 1e-4}};
  made.sites = {{"edge-1/cpu", 1.5}, {"cloud-1/cpu", -0.25}};
  for (size_t i = 0; i < pairs; ++i)
    made.pairs.push_back({"f@" + std::to_string(i), "edge-1/cpu", 0.5, 3, 0.1,
                          -0.2, 0.03, 4.5, 0.2});
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(peer_estimates_test)

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  const auto read = experience_of(to_text(told()));
  BOOST_REQUIRE(!!read);
  BOOST_TEST(read->links.empty()); // a link is its router's own
  BOOST_REQUIRE_EQUAL(read->sites.size(), 2u);
  BOOST_TEST(read->sites[1].name == "cloud-1/cpu");
  BOOST_TEST(read->sites[1].log_slowdown == -0.25);
  BOOST_REQUIRE_EQUAL(read->pairs.size(), 2u);
  const auto& pair = read->pairs[1];
  BOOST_TEST(pair.function == "f@1");
  BOOST_TEST(pair.site == "edge-1/cpu");
  BOOST_TEST(pair.slope == 0.5);
  BOOST_TEST(pair.intercept == 3);
  BOOST_TEST(pair.log_slowdown == 0.1);
  BOOST_TEST(pair.log_shape == -0.2);
  BOOST_TEST(pair.log_noise == 0.03);
  BOOST_TEST(pair.cold_log_mean == 4.5);
  BOOST_TEST(pair.cold_log_var == 0.2);
}

BOOST_AUTO_TEST_CASE(nothing_is_something_to_tell) {
  const auto read = experience_of(to_text({}));
  BOOST_REQUIRE(!!read);
  BOOST_TEST(read->pairs.empty());
}

BOOST_AUTO_TEST_CASE(anything_else_is_refused) {
  for (const std::string text :
       {"", "null", "[]", "{}", "1", "\xff",
        R"({"format":1,"sites":1,"pairs":[]})", R"({"format":1,"sites":[]})",
        R"({"format":1,"pairs":[]})", R"({"format":1,"sites":[],"pairs":{}})",
        R"({"format":1,"sites":[],"pairs")"})
    BOOST_TEST_CONTEXT(text) {
      const auto read = experience_of(text);
      BOOST_REQUIRE(!read);
      BOOST_TEST((read.error().code == errc::invalid_argument));
    }
}

BOOST_AUTO_TEST_CASE(another_format_is_refused_with_the_reason) {
  BOOST_TEST(!!experience_of(R"({"format":1,"sites":[],"pairs":[]})"));
  for (const std::string said :
       {"", "\"format\":0,", "\"format\":2,", "\"format\":1.5,",
        "\"format\":\"1\",", "\"format\":null,", "\"format\":[1],"})
    BOOST_TEST_CONTEXT(said) {
      // As older releases wrote it, where nothing is said.
      const auto read = experience_of(
        "{" + said + R"("sites":[["edge-1/cpu",1.5]],"pairs":[]})");
      BOOST_REQUIRE(!read);
      BOOST_TEST((read.error().code == errc::invalid_argument));
      BOOST_TEST(read.error().message.find("format") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_is_not_told) {
  auto one = told(3);
  one.sites[0].log_slowdown = -INFINITY;
  one.pairs[0].intercept = NAN;
  one.pairs[2].cold_log_var = INFINITY;
  const auto text = to_text(one);
  BOOST_TEST(text.find("null") == std::string::npos);
  const auto read = experience_of(text);
  BOOST_REQUIRE(!!read);
  BOOST_REQUIRE_EQUAL(read->sites.size(), 1u);
  BOOST_TEST(read->sites[0].name == "cloud-1/cpu");
  BOOST_REQUIRE_EQUAL(read->pairs.size(), 1u);
  BOOST_TEST(read->pairs[0].function == "f@1");
}

BOOST_AUTO_TEST_CASE(a_bad_row_is_skipped_and_the_others_are_read) {
  for (const std::string bad :
       {"null", "1", "{}", "[]", R"([1,2])", R"(["f","s",1,2,3,4,5,6])",
        R"(["f","s",1,2,3,4,5,6,null])", R"(["f","s",1,2,3,4,5,6,"x"])",
        R"(["f",1,1,2,3,4,5,6,7])", R"(["f","s",1,2,3,4,5,6,7,8])"})
    BOOST_TEST_CONTEXT(bad) {
      const auto read = experience_of(
        R"({"format":1,"sites":[)" + bad + R"(,["edge-1/cpu",1.5]],"pairs":[)"
        + bad + R"(,["f@1","edge-1/cpu",1,2,3,4,5,6,7]]})");
      BOOST_REQUIRE(!!read);
      BOOST_REQUIRE_EQUAL(read->sites.size(), 1u);
      BOOST_TEST(read->sites[0].log_slowdown == 1.5);
      BOOST_REQUIRE_EQUAL(read->pairs.size(), 1u);
      BOOST_TEST(read->pairs[0].cold_log_var == 7);
    }
}

BOOST_AUTO_TEST_CASE(too_much_is_refused) {
  BOOST_TEST(!!experience_of(to_text(told(most_told_pairs))));
  BOOST_TEST(!experience_of(to_text(told(most_told_pairs + 1))));
  BOOST_TEST(!experience_of(std::string(5 << 20, ' ')));
}

BOOST_AUTO_TEST_SUITE_END()
