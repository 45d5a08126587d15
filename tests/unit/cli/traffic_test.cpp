// rollout, traffic, alias, deploy --canary.
#include "fakes.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace faas;
using namespace faas::cli;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

std::string traffic(const std::string& phase, int step = 1,
                    const std::string& reason = "") {
  return R"({"name":"f","version":3,"shares":{"3":95,"4":5},)"
         R"("aliases":{"prod":3},"rollout":{"version":4,"from":3,"phase":")"
         + phase + R"(","step":)" + std::to_string(step)
         + R"(,"steps":[5,50],"least":"30s","share":5,"compared":120,)"
           R"("reason":")"
         + reason + "\"}}";
}

struct commands : fixture {
  std::string last_url() { return http.sent.back().url; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(traffic_test, commands)

BOOST_AUTO_TEST_CASE(the_status_of_a_rollout_is_shown) {
  http.answer("GET /system/rollout/f", 200, traffic("stepping"));
  BOOST_TEST(cli({"rollout", "status", "f"}) == 0, err.str());
  BOOST_TEST(printed("Traffic: 3=95% 4=5%\n"));
  BOOST_TEST(printed("Rollout: version 4, stepping: step 1 of 2 (5%), 120 "
                     "events compared\n"));
  BOOST_TEST(printed("Aliases: prod=3\n"));
  BOOST_TEST(cli({"rollout", "status", "f", "--json"}) == 0);
  BOOST_TEST(json::parse(out.str())["rollout"]["step"] == 1);
  http.answer("GET /system/rollout/f", 200,
              R"({"name":"f","version":3,"shares":{"3":100},"aliases":{},)"
              R"("rollout":null})");
  BOOST_TEST(cli({"rollout", "status", "f"}) == 0);
  BOOST_TEST(printed("f has had no rollout\n"));
  BOOST_TEST(cli({"rollout", "status", "f", "--watch"}) == 3);
}

BOOST_AUTO_TEST_CASE(watch_follows_a_rollout_to_its_end) {
  std::deque<std::string> states{
    traffic("warming", 0), traffic("warming", 0), traffic("stepping"),
    traffic("stepping", 2), traffic("promoted", 2)};
  http.routes["GET /system/rollout/f"] = [&](const http_request&) {
    const auto body = states.front();
    states.pop_front();
    return http_response{200, {}, body, {}};
  };
  BOOST_TEST(cli({"rollout", "status", "f", "--watch"}) == 0, err.str());
  BOOST_TEST(states.empty());
  const auto text = out.str();
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 4); // changes only
  states = {traffic("stepping"), traffic("rolled-back", 1, "too slow")};
  BOOST_TEST(cli({"rollout", "status", "f", "--watch"}) == 1);
  BOOST_TEST(complained("too slow"));
  BOOST_TEST(complained("version 3 serves"));
  http.answer("GET /system/rollout/f", 200, traffic("paused"));
  BOOST_TEST(cli({"rollout", "status", "f", "--watch", "--timeout", "3s"})
             == 6);
}

BOOST_AUTO_TEST_CASE(a_rollout_is_steered) {
  http.answer("POST /system/rollout/f", 202, R"({"version":4})");
  BOOST_TEST(cli({"rollout", "abort", "f"}) == 0, err.str());
  BOOST_TEST(last_url().ends_with("/system/rollout/f?action=abort"));
  BOOST_TEST(printed("f: rollout of version 4 aborted\n"));
  BOOST_TEST(!http.sent.back().headers.empty());
  http.answer("POST /system/rollout/f", 202,
              R"({"version":4,"unchanged":true})");
  BOOST_TEST(cli({"rollout", "pause", "f"}) == 0);
  BOOST_TEST(printed("paused already"));
  http.answer("POST /system/rollout/f", 409,
              R"({"error":{"code":"conflict","message":"none","next":"n"}})");
  BOOST_TEST(cli({"rollout", "resume", "f"}) != 0);
  BOOST_TEST(cli({"rollout", "hurry", "f"}) == 2);
  BOOST_TEST(complained("status, pause, resume or abort"));
  BOOST_TEST(cli({"rollout", "status"}) == 2);
}

BOOST_AUTO_TEST_CASE(shares_are_shown_and_set) {
  http.answer("GET /system/traffic/f", 200, traffic("stepping"));
  http.answer("POST /system/traffic/f", 202, R"({"version":3})");
  BOOST_TEST(cli({"traffic", "f"}) == 0, err.str());
  BOOST_TEST(printed("3=95% 4=5%"));
  BOOST_TEST(http.sent.size() == 1u);
  BOOST_TEST(cli({"traffic", "f", "3=90", "4=10%"}) == 0, err.str());
  BOOST_TEST(json::parse(http.sent[1].body)
             == json::parse(R"({"weights":{"3":90,"4":10}})"));
  for (const char* bad : {"3", "3=", "=5", "a=5", "3=x", "3=101", "3=-1"})
    BOOST_TEST(cli({"traffic", "f", bad}) == 2, bad);
  http.answer("POST /system/traffic/f", 400,
              R"({"error":{"code":"invalid_argument","message":"110","next":""}})");
  BOOST_TEST(cli({"traffic", "f", "3=60", "4=50"}) == 2);
}

BOOST_AUTO_TEST_CASE(aliases_are_listed_set_and_removed) {
  http.answer("GET /system/alias/f", 200, traffic("stepping"));
  http.answer("PUT /system/alias/f", 202, R"({"version":3})");
  http.answer("DELETE /system/alias/f", 202, R"({"version":0})");
  BOOST_TEST(cli({"alias", "f"}) == 0, err.str());
  BOOST_TEST(out.str() == "prod=3\n");
  BOOST_TEST(cli({"alias", "f", "list", "--json"}) == 0);
  BOOST_TEST(json::parse(out.str()) == (json{{"prod", 3}}));
  BOOST_TEST(cli({"alias", "f", "set", "prod=3"}) == 0, err.str());
  BOOST_TEST(last_url().ends_with("/system/alias/f?alias=prod&version=3"));
  BOOST_TEST(printed("f:prod is version 3\n"));
  BOOST_TEST(cli({"alias", "f", "remove", "prod"}) == 0, err.str());
  BOOST_TEST(last_url().ends_with("/system/alias/f?alias=prod"));
  for (const char* bad : {"prod", "prod=", "=3", "prod=x"})
    BOOST_TEST(cli({"alias", "f", "set", bad}) == 2, bad);
  BOOST_TEST(cli({"alias", "f", "set"}) == 2);
  BOOST_TEST(cli({"alias", "f", "remove", "prod=3"}) == 2);
  BOOST_TEST(cli({"alias", "f", "rename", "x"}) == 2);
}

BOOST_AUTO_TEST_CASE(describe_and_list_show_the_rollout) {
  const auto function
    = R"({"name":"f","petrel":{"version":3,"rollout":{"steps":[5]},"traffic":)"
      + traffic("stepping") + "}}";
  http.answer("GET /system/function/f", 200, function);
  BOOST_TEST(cli({"describe", "f"}) == 0, err.str());
  BOOST_TEST(printed("Traffic:      3=95% 4=5%\n"));
  BOOST_TEST(printed("Rollout:      version 4, stepping"));
  BOOST_TEST(printed("Aliases:      prod=3\n"));
  http.answer("GET /system/functions", 200, "[" + function + "]");
  BOOST_TEST(cli({"list"}) == 0);
  BOOST_TEST(printed("3=95% 4=5%"));
}

BOOST_AUTO_TEST_CASE(deploy_takes_steps_in_place_of_the_manifest_s) {
  scratch.write("stack.yml",
                "functions:\n"
                "  f:\n"
                "    handler: ./src\n"
                "    petrel: {artifact: f.so, mode: threads,\n"
                "             rollout: {steps: [7%], least: 9s}}\n");
  scratch.write("src/f.so", "library");
  BOOST_REQUIRE(cli({"pack"}) == 0);
  http.routes["PUT /system/functions"] = [](const http_request&) {
    return http_response{200, {}, R"({"version":2})", {}};
  };
  http.answer("POST /system/bundles/missing", 200, R"({"missing":[]})");
  const auto deploy = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"deploy", "--no-wait"};
    words.insert(words.end(), more.begin(), more.end());
    http.queue.assign(9, http_response{200, {}, "", {}});
    return cli(words);
  };
  const auto sent = [&] {
    return json::parse(http.sent.back().body)["petrel"]["rollout"];
  };
  BOOST_TEST(deploy({}) == 0, err.str());
  BOOST_TEST(sent() == json::parse(R"({"steps":[7],"least":"9s"})"));
  BOOST_TEST(printed("gets 7% of the events first"));
  BOOST_TEST(deploy({"--canary", "5,25%,50", "--least", "2m"}) == 0, err.str());
  BOOST_TEST(sent()["steps"] == (json{5, 25, 50}));
  for (const char* bad : {"x", "5,", "50,5", "0", "100", ""})
    BOOST_TEST(deploy({"--canary", bad}) == 2, bad);
  BOOST_TEST(deploy({"--least", "1ms"}) == 2);
}

BOOST_AUTO_TEST_SUITE_END()
