// explain, decisions, sites --watch.
#include "fakes.hpp"

#include "libfaas/routing/decision.hpp"
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

json imposing(json of, double ms) {
  of["imposed_ms"] = ms;
  return of;
}

/// As a policy with deadlines refuses it; 30 ms were left.
json refused() {
  auto one = attempt();
  one["policy"] = "deadline";
  one["reason"] = "refused";
  one["deadline_ms"] = 30;
  one["chosen"] = nullptr;
  one["runner_up"] = nullptr;
  one["sites"] = {site("edge-1/cpu", 50, 0), site("cloud-1/cpu", 45, 9)};
  one["outcome"] = {{"ending", "refused"}, {"status", 504}};
  return one;
}

std::string told(const json& one) {
  return decision_text({{"call", id}, {"attempts", json::array({one})}});
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
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
        "Predicted: 12 ms, 20 % too low, within 1.50 standard deviations of the "
        "prediction.\n"})
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

BOOST_AUTO_TEST_CASE(every_reason_has_words) {
  const std::array<std::pair<const char*, const char*>, routing::reasons> all{
    {{"no-candidate", "no site could take it"},
     {"only-candidate", "no other site could take it"},
     {"best", "it had the smallest predicted total"},
     {"explored", "to learn (exploration), not because it came first"},
     {"fixed", "the policy allows this site only"},
     {"fallback", "the policy's own site was not available"},
     {"random", "by lot"},
     {"round-robin", "it was its turn"},
     {"ranked", "it came first in the policy's own order, which is not that of "
                "the totals below"},
     {"cheapest", "of the sites that are sure enough to meet the deadline it "
                  "costs least"},
     {"likeliest", "no site is sure enough to meet the deadline; this one most "
                   "likely"},
     {"sticky", "events with this key go there"},
     {"refused", "no site was likely to answer in time"},
     {"hedged", "as a second start; the first site had not answered yet"}}};
  for (const auto& [reason, words] : all) {
    auto one = attempt();
    one["reason"] = reason;
    BOOST_TEST(has(told(one), std::string{"chose edge-1/cpu: "} + words),
               told(one));
  }
  auto one = attempt();
  one["reason"] = "of-a-later-release";
  BOOST_TEST(has(told(one), "chose edge-1/cpu: of-a-later-release."));
}

/// Slower by itself, faster with what it makes later events wait.
BOOST_AUTO_TEST_CASE(what_is_imposed_counts_where_the_policy_counts_it) {
  auto one = attempt();
  one["chosen"] = "cloud-1/cpu";
  one["runner_up"] = "edge-1/cpu";
  one["sites"] = {imposing(site("edge-1/cpu", 12, 0), 11),
                  imposing(site("cloud-1/cpu", 16, 9), 0.25)};
  const auto text = told(one);
  for (const auto* words :
       {"chose cloud-1/cpu: its predicted total and the waits that it imposes "
        "on later events are the smallest together.\n",
        "Runner-up edge-1/cpu: 4 ms faster on paper (16 ms against 12 ms); with "
        "what is imposed on later events 6.75 ms slower (16.2 ms against 23 "
        "ms).\n",
        "Doubt  Imposed  In flight", "0.300    0.250          2  chosen"})
    BOOST_TEST(has(text, words), "missing \"" << words << "\" in\n" << text);
  BOOST_TEST(!has(text, "smallest predicted total"));

  one["reason"] = "ranked"; // by a policy that does not mind it
  BOOST_TEST(has(told(one), "4 ms faster on paper (16 ms against 12 ms).\n"));
}

BOOST_AUTO_TEST_CASE(the_best_is_so_by_what_the_numbers_say) {
  auto one = attempt();
  one["sites"] = {imposing(site("edge-1/cpu", 12, 0), 3),
                  imposing(site("cloud-1/cpu", 16, 9), 0)};
  BOOST_TEST(has(told(one), "it had the smallest predicted total, also with the "
                            "waits that it imposes on later events.\n"));
  one["sites"][0]["imposed_ms"] = 9; // "min-latency:social=0"
  BOOST_TEST(has(told(one), "it had the smallest predicted total.\n"));
  one["sites"][0]["total_ms"] = 17; // "min-latency:near=0.1"
  BOOST_TEST(has(told(one), "by the policy's parameters it was the best, or "
                            "nearly so.\n"));
  one["sites"][0] = imposing(site("edge-1/cpu", 16.01, 0), 0); // but rounded
  BOOST_TEST(has(told(one), "it had the smallest predicted total.\n"));
}

BOOST_AUTO_TEST_CASE(what_no_site_was_asked_for_is_told_so) {
  const auto text = told(refused());
  for (const auto* words :
       {"Policy deadline refused it at once; no site was asked. None was likely "
        "to answer in the 30 ms that were left.\n",
        "Best on paper: cloud-1/cpu with 45 ms +/- 2 ms, 15 ms more than were "
        "left.\n",
        "2  best on paper\n", "The answer said so (status 504).\n"})
    BOOST_TEST(has(text, words), "missing \"" << words << "\" in\n" << text);
  for (const auto* words : {"Runner-up", "runner-up", "chose", "The site",
                            "lot", "probability", "Predicted:"})
    BOOST_TEST(!has(text, words), words << " in\n" << text);

  auto close = refused();
  close["deadline_ms"] = 46;
  BOOST_TEST(has(told(close), "cloud-1/cpu with 45 ms +/- 2 ms of the 46 ms: "
                              "not sure enough.\n"));
  close["deadline_ms"] = 0;
  BOOST_TEST(has(told(close), "no site was asked. Its time was over.\n"));
  close["runner_up"] = "cloud-1/cpu"; // as logs of releases before have it
  BOOST_TEST(told(close).find("unner-up") == std::string::npos);

  auto full = attempt(); // by the site that was chosen
  full["outcome"] = {{"ending", "refused"}, {"status", 429}, {"total_ms", 3}};
  BOOST_TEST(has(told(full), "The site refused it after 3 ms (status 429).\n"));
}

BOOST_AUTO_TEST_CASE(a_propensity_that_is_not_known_is_no_zero) {
  auto one = attempt();
  one["reason"] = "hedged";
  one["propensity"] = 0;
  BOOST_TEST(has(told(one), "With what probability the policy chooses so is not "
                            "known.\n"));
  BOOST_TEST(!has(told(one), "probability 0"));
  const auto line = decision_table(json::array({one}));
  BOOST_TEST(has(line, "hedged           -  ok"), line);
}

BOOST_AUTO_TEST_CASE(a_refused_event_has_no_site_in_the_list) {
  const auto line = decision_table(json::array({refused()}));
  BOOST_TEST(has(line, "resize:3  -                -     -  refused"), line);
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
        "Attempt 2", "no other site", "within 14 standard deviations"})
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
