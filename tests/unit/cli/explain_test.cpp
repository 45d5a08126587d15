// explain, decisions, sites --watch.
#include "fakes.hpp"

#include "tools/faas-cli/decision_text.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace faas;
using namespace faas::cli;
using nlohmann::json;

namespace {

const std::string id = "6f2d1c1e-7f64-4c44-9a39-5b6e6f0a2b11";

json site(const std::string& name, double total, double network) {
  return {{"site", name},          {"considered", true},
          {"total_ms", total},     {"network_ms", network},
          {"queue_ms", 0.5},       {"service_ms", total - network - 0.5},
          {"cold_ms", 0},          {"overdue_ms", 0},
          {"deviation_ms", 2},     {"doubt_ms", 0.3},
          {"in_flight", 2}};
}

json attempt() {
  return {{"call", id},
          {"time", "2026-11-27T19:22:31.123Z"},
          {"function", "resize"},
          {"version", 3},
          {"policy", "min-latency"},
          {"attempt", 1},
          {"size", 38},
          {"bytes", 20000},
          {"deadline_ms", 9990},
          {"reason", "best"},
          {"propensity", 1},
          {"logged", 1},
          {"chosen", "edge-1/cpu"},
          {"runner_up", "cloud-1/cpu"},
          {"sites",
           {site("edge-1/cpu", 12, 0), site("cloud-1/cpu", 16, 9),
            {{"site", "gpu-1/cpu"}, {"considered", false}}}},
          {"outcome",
           {{"ending", "ok"},
            {"status", 200},
            {"went_on", false},
            {"start", "warm"},
            {"total_ms", 15},
            {"network_ms", 0.5},
            {"queue_ms", 1.5},
            {"service_ms", 13},
            {"cold_ms", 0}}}};
}

std::string call_of(const json& attempts) {
  return json{{"call", id}, {"attempts", attempts}}.dump();
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(explain_test, fixture)

BOOST_AUTO_TEST_CASE(a_choice_is_told_in_words_and_numbers) {
  http.answer("GET /system/decisions/" + id, 200, call_of(json::array({attempt()})));
  BOOST_TEST(cli({"explain", id}) == 0, err.str());
  for (const auto* text :
       {"resize version 3", "size 38", "deadline in 9990 ms",
        "Policy min-latency chose edge-1/cpu: it had the smallest predicted",
        "Runner-up cloud-1/cpu: 4 ms slower on paper (12 ms against 16 ms)",
        "No lot was drawn", "no candidate: it did not answer",
        "It took 15 ms: network 0.500, queue 1.50, service 13, cold 0 (status "
        "200, start warm)",
        "Predicted: 12 ms, 20 % too low, 1.50 standard deviations; "
        "inside the 90 % interval"})
    BOOST_TEST(printed(text), "missing \"" << text << "\" in\n" << out.str());
}

BOOST_AUTO_TEST_CASE(exploration_says_its_price_and_probability) {
  auto one = attempt();
  one["reason"] = "explored";
  one["chosen"] = "cloud-1/cpu";
  one["runner_up"] = "edge-1/cpu";
  one["propensity"] = 0.07;
  one["logged"] = 0.25;
  http.answer("GET /system/decisions/" + id, 200, call_of(json::array({one})));
  BOOST_TEST(cli({"explain", id}) == 0, err.str());
  for (const auto* text :
       {"to learn (exploration)", "with probability 0.07",
        "Runner-up edge-1/cpu: 4 ms faster on paper",
        "What it cost on paper: 4 ms more than edge-1/cpu",
        "logged with probability 0.25"})
    BOOST_TEST(printed(text), "missing \"" << text << "\" in\n" << out.str());
}

BOOST_AUTO_TEST_CASE(each_attempt_is_told) {
  auto first = attempt(), second = attempt();
  first["outcome"]["ending"] = "lost";
  first["outcome"]["went_on"] = true;
  second["attempt"] = 2;
  second["reason"] = "only-candidate";
  second["outcome"]["total_ms"] = 40;
  http.answer("GET /system/decisions/" + id, 200, call_of(json::array({first, second})));
  BOOST_TEST(cli({"explain", id}) == 0, err.str());
  for (const auto* text :
       {"Attempt 1", "vanished with it", "went on to another",
        "Attempt 2", "no other site", "outside of the 90 %"})
    BOOST_TEST(printed(text), "missing \"" << text << "\" in\n" << out.str());
}

BOOST_AUTO_TEST_CASE(an_unknown_call_is_told_with_what_to_do) {
  http.answer(
    "GET /system/decisions/" + id, 404,
    R"({"error":{"code":"not_found","message":"call is not logged",)"
    R"("next":"set decisions.share to 1"}})");
  BOOST_TEST(cli({"explain", id}) == 3);
  BOOST_TEST(complained("call is not logged"));
  BOOST_TEST(complained("Next: set decisions.share to 1"));
  BOOST_TEST(cli({"explain"}) == 2);
}

BOOST_AUTO_TEST_CASE(json_is_the_gateways) {
  http.answer("GET /system/decisions/" + id, 200, call_of(json::array({attempt()})));
  BOOST_TEST(cli({"explain", id, "--json"}) == 0);
  BOOST_TEST(json::parse(out.str())["attempts"][0] == attempt());
}

BOOST_AUTO_TEST_CASE(odd_answers_do_no_harm) {
  for (const auto* text :
       {"[]", "{}", "null", R"({"attempts":[{}]})", R"({"attempts":7})",
        R"({"attempts":[{"sites":3,"outcome":[],"chosen":4}]})",
        "{\"call\":\"\\u001b[2J\"}"}) {
    BOOST_TEST(decision_text(json::parse(text)).find('\x1b')
               == std::string::npos);
    decision_table(json::parse(text));
  }
}

BOOST_AUTO_TEST_CASE(the_newest_decisions_are_listed) {
  http.answer("GET /system/decisions", 200, json::array({attempt()}).dump());
  BOOST_TEST(cli({"decisions", "resize", "--limit", "5"}) == 0, err.str());
  BOOST_TEST(
    http.sent.back().url.ends_with("/decisions?function=resize&limit=5"));
  BOOST_TEST(printed(id));
  BOOST_TEST(printed("resize:3"));
  BOOST_TEST(cli({"decisions", "--limit", "many"}) == 2);
}

BOOST_AUTO_TEST_CASE(the_log_is_written_to_a_file) {
  http.routes["GET /system/decisions/log"] = [](const http_request& request) {
    if (request.url.ends_with("segment=3"))
      return http_response{200, {}, std::string{"one\0", 4}, {}};
    if (request.url.ends_with("segment=4"))
      return http_response{404, {}, "gone", {}};
    if (request.url.ends_with("segment=5"))
      return http_response{200, {}, "two", {}};
    return http_response{
      200,
      {},
      R"({"segments":[{"segment":3},{"segment":4},{"segment":5}]})",
      {}};
  };
  BOOST_TEST(cli({"decisions", "--export", "all.dlog"}) == 0, err.str());
  BOOST_TEST(printed("2 segments, 7 bytes"));
  std::ifstream in{scratch.path / "all.dlog", std::ios::binary};
  std::stringstream text;
  text << in.rdbuf();
  BOOST_TEST((text.str() == std::string{"one\0two", 7}));
  BOOST_TEST(cli({"decisions", "--export", "no/such/folder"}) != 0);
  BOOST_TEST(cli({"decisions", "resize", "--export", "x"}) == 2);
}

BOOST_AUTO_TEST_CASE(sites_are_watched_until_ctrl_c) {
  http.answer("GET /system/sites/resize", 200,
              R"([{"site":"edge-1/cpu","candidate":true,"total_ms":12}])");
  int rounds = 0;
  system.on_interrupted = [&] { return ++rounds == 3; };
  BOOST_TEST(cli({"sites", "resize", "--watch"}) == 0, err.str());
  BOOST_TEST(http.sent.size() == 3u);
  BOOST_TEST(system.slept.size() == 2u);
  BOOST_TEST(cli({"sites", "resize", "--watch", "--json"}) == 2);
}

BOOST_AUTO_TEST_SUITE_END()
