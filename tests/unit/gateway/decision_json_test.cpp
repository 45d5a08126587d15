#include "gateway/api/decision_json.hpp"

#include "tests/unit/decisions/builders.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <limits>

using namespace faas;
using namespace faas::api;

namespace {

decisions::record usual() {
  random_source random{1};
  return test::usual(random, test::three_sites());
}

} // namespace

BOOST_AUTO_TEST_SUITE(decision_json_test)

BOOST_AUTO_TEST_CASE(a_decision_has_names_parts_and_outcome) {
  auto one = usual();
  one.sites[0].service = 12.34567f;
  one.sites[2].considered = false;
  one.at_us += 7'001; // 7 ms
  const auto json = decision_json(one);
  BOOST_TEST(json["call"] == one.id.to_string());
  BOOST_TEST(json["function"] == "resize");
  BOOST_TEST(json["version"] == 3);
  BOOST_TEST(json["chosen"] == "edge-1/cpu");
  BOOST_TEST(json["runner_up"] == "edge-2/cpu");
  BOOST_TEST(json["reason"] == "best");
  BOOST_TEST(json["time"] == "2023-11-14T22:13:20.007Z");
  BOOST_TEST(json["sites"].size() == 3u);
  BOOST_TEST(json["sites"][0]["service_ms"] == 12.35);
  BOOST_TEST(json["sites"][2]["considered"] == false);
  BOOST_TEST(!json["sites"][2].contains("total_ms"));
  BOOST_TEST(json["outcome"]["ending"] == "ok");
}

BOOST_AUTO_TEST_CASE(what_is_none_is_null) {
  auto one = usual();
  one.chosen = one.runner_up = routing::decision::none;
  const auto json = decision_json(one);
  BOOST_TEST(json["chosen"].is_null());
  BOOST_TEST(json["runner_up"].is_null());
}

BOOST_AUTO_TEST_CASE(absurd_times_stay_times) {
  for (const auto us : {std::numeric_limits<int64_t>::min(), int64_t{-1},
                        std::numeric_limits<int64_t>::max()}) {
    auto one = usual();
    one.at_us = us;
    BOOST_TEST(!decision_json(one)["time"].get<std::string>().empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()
