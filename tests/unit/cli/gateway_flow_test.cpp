// Commands against a gateway that is not there.
#include "flow.hpp"
#include "tools/faas-cli/deployer.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace faas;
using namespace faas::cli;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(gateway_flow_test, flow)

  BOOST_AUTO_TEST_CASE(up_uploads_deploys_and_waits) {
    make_function();
    make_gateway();
    BOOST_TEST(cli({"up"}) == 0, err.str());
    BOOST_TEST(
      (calls()
       == std::vector<std::string>{
         "POST /system/bundles/missing", "PATCH " + bundle(),
         "PUT /system/functions",
         "POST /system/functions", "GET /system/function/f"}));
    BOOST_TEST(printed("f: bundle uploaded"));
    BOOST_TEST(printed("f: deployed, version 1, ready on edge-1"));
    BOOST_TEST(printed("URL: http://127.0.0.1:8080/function/f"));
    const auto sent = json::parse(http.sent[3].body);
    BOOST_TEST(sent["service"] == "f");
    BOOST_TEST(sent["image"] == digest_);
    BOOST_TEST(sent["envVars"]["A"] == "b");
    BOOST_TEST(sent["petrel"]["artifact"] == "f.so");
    BOOST_TEST(sent["petrel"]["mode"] == "threads");
    BOOST_TEST(!http.sent[1].body.empty());
  }

  BOOST_AUTO_TEST_CASE(a_known_bundle_is_not_uploaded_again) {
    make_function();
    make_gateway(200, 200);
    BOOST_TEST(cli({"up", "--json"}) == 0, err.str());
    const auto list = calls();
    BOOST_TEST(std::count(list.begin(), list.end(), "PATCH " + bundle()) == 0);
    BOOST_TEST(std::count(list.begin(), list.end(), "POST /system/functions")
               == 0);
    BOOST_TEST(cli({"up", "--json"}) == 0, err.str());
    const auto report = json::parse(out.str());
    BOOST_TEST(report[0]["version"] == 2);
    BOOST_TEST(report[0]["uploaded"] == false);
    BOOST_TEST(report[0]["created"] == false);
    BOOST_TEST(report[0]["nodes"][0] == "edge-1");
  }

  BOOST_AUTO_TEST_CASE(deploy_needs_a_packed_bundle) {
    make_function();
    BOOST_TEST(cli({"deploy"}) == 3);
    BOOST_TEST(complained("f is not packed yet"));
    BOOST_TEST(complained("faas-cli pack"));
    make_gateway();
    BOOST_TEST(cli({"deploy"}) == 0, err.str());
  }

  BOOST_AUTO_TEST_CASE(polling_goes_on_until_the_new_version_is_ready) {
    make_function();
    make_gateway(200, 200);
    std::deque<std::string> states{
      status_of("ready", 1), // still the old one
      status_of("pulling", 2), status_of("loading", 2), status_of("ready", 2)};
    http.routes["GET /system/function/f"] = [&](const http_request&) {
      const auto body = states.front();
      states.pop_front();
      return answer(200, body);
    };
    BOOST_TEST(cli({"up"}) == 0, err.str());
    BOOST_TEST(states.empty());
    BOOST_REQUIRE(system.slept.size() == 3);
    BOOST_TEST(system.slept[0].count() == duration{20ms}.count());
    BOOST_TEST(system.slept[2] < 100ms);
  }

  BOOST_AUTO_TEST_CASE(a_version_that_fails_says_why_with_its_log) {
    make_function();
    make_gateway();
    http.answer("GET /system/function/f", 200,
                status_of("failed", 1, "no table"));
    http.answer("GET /system/logs", 200,
                R"({"timestamp":"T","instance":"edge-1","text":"boom"})"
                "\n");
    BOOST_TEST(cli({"up"}) == 1);
    BOOST_TEST(complained("failed on edge-1: no table"));
    BOOST_TEST(complained("T edge-1 boom"));
    BOOST_TEST(!printed("URL:"));
  }

  BOOST_AUTO_TEST_CASE(waiting_ends_at_the_timeout_and_tells_the_state) {
    make_function();
    make_gateway();
    http.answer("GET /system/function/f", 200, status_of("loading"));
    BOOST_TEST(cli({"up", "--timeout", "2s"}) == 6);
    BOOST_TEST(complained("f is not ready yet: loading on edge-1"));
    BOOST_TEST((system.time.time_since_epoch() <= duration{2s}));
  }

  BOOST_AUTO_TEST_CASE(no_wait_does_not_ask) {
    make_function();
    make_gateway();
    BOOST_TEST(cli({"up", "--no-wait"}) == 0, err.str());
    BOOST_TEST(calls().back() == "POST /system/functions");
    BOOST_TEST(printed("not waited for"));
  }

  BOOST_AUTO_TEST_CASE(a_refused_upload_is_told_with_the_gateways_reason) {
    make_function();
    make_gateway();
    http.answer("PATCH " + bundle(), 507,
                R"({"error":{"code":"storage_full","message":"disk full",)"
                R"("next":"free some space"}})",
                {{"X-Call-Id", "c-1"}});
    BOOST_TEST(cli({"up"}) == 1);
    BOOST_TEST(err.str()
               == "Error: storage_full: disk full\nCall id: c-1\n"
                  "Next: free some space\n");
  }

  BOOST_AUTO_TEST_CASE(progress_reads_all_placements) {
    auto status = json::parse(status_of("failed", 2, "why"));
    using stage = progress::stage;
    BOOST_TEST((progress_of(status, 2).at == stage::failed));
    BOOST_TEST((progress_of(status, 3).at == stage::waiting));
    BOOST_TEST((progress_of(status, 0).at == stage::failed));
    auto& list = status["petrel"]["placements"];
    list.push_back({{"node", "cloud-1"}, {"version", 2}, {"state", "loading"}});
    BOOST_TEST((progress_of(status, 2).at == stage::waiting));
    list[1]["state"] = "ready";
    BOOST_TEST((progress_of(status, 2).at == stage::ready));
    BOOST_TEST((progress_of(json::object(), 1).at == stage::waiting));
    BOOST_TEST((progress_of(json{{"availableReplicas", 1}}, 0).at
                == stage::ready)); // OpenFaaS itself
  }

  BOOST_AUTO_TEST_CASE(list_prints_a_table_or_json) {
    const std::string body
      = R"([{"name":"f","image":"sha256:0123456789abcdef","invocationCount":7,)"
        R"("availableReplicas":1,"replicas":2,"petrel":{"version":3,)"
        R"("placements":[{"node":"e","version":3,"state":"ready"},)"
        R"({"node":"c","version":3,"state":"loading"}]}}])";
    http.answer("GET /system/functions", 200, body);
    BOOST_TEST(cli({"list"}) == 0);
    BOOST_TEST(out.str()
               == "Function  Version  Invocations  Replicas  Nodes"
                  "           Image\n"
                  "f               3            7       1/2  e, c (loading)"
                  "  sha256:0123456789ab\n");
    BOOST_TEST(cli({"list", "--json"}) == 0);
    BOOST_TEST(json::parse(out.str()) == json::parse(body));
    BOOST_TEST(cli({"ls", "-q"}) == 0);
    BOOST_TEST(out.str() == "f\n");
    http.answer("GET /system/functions", 200, "null"); // OpenFaaS may say so
    BOOST_TEST(cli({"list"}) == 0);
  }

  BOOST_AUTO_TEST_CASE(describe_shows_state_and_placements) {
    http.answer("GET /system/function/f", 200, status_of("failed", 4, "why"));
    BOOST_TEST(cli({"describe", "f"}) == 0);
    BOOST_TEST(printed("Status:       Not Ready\n"));
    BOOST_TEST(printed("Version:      4\n"));
    BOOST_TEST(printed("URL:          http://127.0.0.1:8080/function/f\n"));
    BOOST_TEST(printed("edge-1        4  failed"));
    BOOST_TEST(printed("why"));
    BOOST_TEST(cli({"describe", "nope"}) == 3);
  }

  BOOST_AUTO_TEST_CASE(nodes_sites_and_actors_are_shown) {
    http.answer(
      "GET /system/nodes", 200,
      R"([{"name":"edge-1","tier":"edge","state":"alive","self":true,)"
      R"("controller":true,"cores":2,"rtt_ms":0,"in_flight":1}])");
    BOOST_TEST(cli({"nodes"}) == 0);
    BOOST_TEST(printed("edge-1 *  edge  alive  controller"));
    http.answer("GET /system/sites/f", 200,
                R"([{"site":"edge-1/cpu","candidate":true,"best":true,)"
                R"("total_ms":12.34},{"site":"c/cpu","why_not":"suspect"},)"
                R"({"site":"d/cpu","candidate":true,"unexplained_ms":98.5},)"
                R"({"site":"e/cpu","candidate":true,"unexplained_ms":0},)"
                R"({"site":"g/cpu","candidate":true,"ready_in_ms":3210}])");
    BOOST_TEST(cli({"sites", "f", "--size", "38"}) == 0);
    BOOST_TEST(http.sent.back().url.ends_with("/system/sites/f?size=38"));
    BOOST_TEST(printed("12.3"));
    BOOST_TEST(printed("best"));
    BOOST_TEST(printed("not a candidate: suspect"));
    BOOST_TEST(printed("its times are not believed: 98.5 ms are unexplained"));
    BOOST_TEST(printed("deploying, ready in 3.2 s"));
    BOOST_TEST(out.str().find("deploying") == out.str().rfind("deploying"));
    BOOST_TEST(out.str().find("believed") == out.str().rfind("believed"));
    BOOST_TEST(!printed("refuse")); // nobody says by what policy
    http.answer("GET /system/functions", 200,
                R"([{"name":"f","invocationCount":1}])");
    http.answer("GET /system/actors", 200,
                R"([{"kind":"lane","alive":2,"mailbox":0,"messages":9}])");
    BOOST_TEST(cli({"top", "--once"}) == 0);
    BOOST_TEST(printed("edge-1 *"));
    BOOST_TEST(printed("Sites of f"));
    BOOST_TEST(printed("lane"));
    BOOST_TEST(cli({"top", "--json"}) == 0);
    BOOST_TEST(json::parse(out.str())["sites"]["f"].size() == 5);
  }

  BOOST_AUTO_TEST_CASE(versions_are_listed) {
    http.answer(
      "GET /system/versions/f", 200,
      R"([{"version":3,"image":"sha256:0123456789abcdef","by":"admin",)"
      R"("createdAt":"2026-11-22T10:00:00Z","current":false},)"
      R"({"version":2,"current":true}])");
    BOOST_TEST(cli({"versions", "f"}) == 0);
    BOOST_TEST(printed("sha256:0123456789ab "));
    BOOST_TEST(printed("current"));
    BOOST_TEST(cli({"versions", "f", "--json"}) == 0);
    BOOST_TEST(json::parse(out.str())[0]["version"] == 3);
    BOOST_TEST(cli({"versions"}) == 2);
  }

  BOOST_AUTO_TEST_CASE(rollback_waits_until_the_version_is_ready) {
    http.answer("POST /system/rollback/f", 202, R"({"version":2})");
    http.answer("GET /system/function/f", 200, status_of("ready", 2));
    BOOST_TEST(cli({"rollback", "f"}) == 0);
    BOOST_TEST(printed("f: back at version 2\n"));
    BOOST_TEST(cli({"rollback", "f", "--to", "2", "--no-wait"}) == 0);
    BOOST_TEST(http.sent.back().url.ends_with("/system/rollback/f?version=2"));
    http.answer("GET /system/function/f", 200, status_of("failed", 2));
    BOOST_TEST(cli({"rollback", "f"}) == 1);
    http.answer("POST /system/rollback/f", 404, "");
    BOOST_TEST(cli({"rollback", "f", "--to", "9"}) == 3);
    BOOST_TEST(cli({"rollback", "f", "--to", "x"}) == 2);
  }

  BOOST_AUTO_TEST_CASE(node_makes_tokens_and_revokes) {
    http.answer("POST /system/nodes/tokens", 201,
                R"({"token":"petrel1_abc","expires":1,"tier":"edge"})");
    BOOST_TEST(cli({"node", "token", "--tier", "edge", "--expires", "10m",
                    "--address", "a:1", "--address", "b:2"})
               == 0);
    BOOST_TEST(json::parse(http.sent.back().body)
               == json({{"expires_s", 600},
                        {"tier", "edge"},
                        {"addresses", {"a:1", "b:2"}}}));
    BOOST_TEST(printed("petrel1_abc\n")); // and nothing else: scripts take it
    BOOST_TEST(complained("faas-node join"));
    http.answer("POST /system/nodes/revoke/edge-1", 200, R"({"revoked":true})");
    BOOST_TEST(cli({"node", "revoke", "edge-1"}) == 0);
    http.answer("POST /system/nodes/revoke/edge-1", 404, "");
    BOOST_TEST(cli({"node", "revoke", "edge-1"}) == 3);
    BOOST_TEST(cli({"node", "revoke"}) == 2);
    BOOST_TEST(cli({"node", "token", "more"}) == 2);
    BOOST_TEST(cli({"node", "burn"}) == 2);
    BOOST_TEST(cli({"node", "token", "--expires", "soon"}) == 2);
  }

  BOOST_AUTO_TEST_CASE(remove_sends_the_names) {
    http.answer("DELETE /system/functions", 202, "");
    BOOST_TEST(cli({"remove", "a", "b", "-n", "ns"}) == 0);
    BOOST_TEST(json::parse(http.sent[1].body)
               == json({{"functionName", "b"}, {"namespace", "ns"}}));
    BOOST_TEST(printed("a: removed\nb: removed\n"));
    http.answer("DELETE /system/functions", 404, "");
    BOOST_TEST(cli({"rm", "a"}) == 3);
  }

  BOOST_AUTO_TEST_CASE(version_works_without_a_gateway) {
    http.queue.emplace_back(errc::unavailable, "refused");
    BOOST_TEST(cli({"version"}) == 0);
    BOOST_TEST(printed("faas-cli "));
    BOOST_TEST(printed("gateway: unknown"));
    http.answer("GET /system/info", 200,
                R"({"provider":{"provider":"petrel"},)"
                R"("version":{"release":"0.1.0"}})");
    BOOST_TEST(cli({"version"}) == 0);
    BOOST_TEST(printed("gateway http://127.0.0.1:8080: petrel 0.1.0"));
  }

  BOOST_AUTO_TEST_CASE(invoke_passes_body_and_headers_through) {
    http.answer("POST /function/f/a/b", 200, "answer",
                {{"X-Faas-Site", "edge-1/cpu"}, {"X-Call-Id", "c"}});
    in.str("question");
    BOOST_TEST(
      cli({"invoke", "f/a/b", "-H", "X-A: 1,2", "--query", "n=3", "-v"}) == 0);
    BOOST_TEST(out.str() == "answer");
    BOOST_TEST(complained("at edge-1/cpu"));
    BOOST_TEST(complained("X-Call-Id: c"));
    const auto& sent = http.sent.back();
    BOOST_TEST(sent.url == "http://127.0.0.1:8080/function/f/a/b?n=3");
    BOOST_TEST(sent.body == "question");
    BOOST_TEST(
      (sent.headers
       == header_list{{"X-A", "1,2"}, {"Content-Type", "text/plain"}}));
  }

  BOOST_AUTO_TEST_CASE(invoke_reads_data_and_files) {
    http.answer("POST /function/f", 200, "");
    BOOST_TEST(cli({"invoke", "f", "-d", "text"}) == 0);
    BOOST_TEST(http.sent.back().body == "text");
    scratch.write("body.bin", std::string("a\0b", 3));
    BOOST_TEST(
      cli({"invoke", "f", "-d", "@body.bin", "-H", "content-type: image/png"})
      == 0);
    BOOST_TEST(http.sent.back().body.size() == 3);
    BOOST_TEST(http.sent.back().headers.size() == 1);
    BOOST_TEST(cli({"invoke", "f", "-d", "@absent"}) == 3);
    BOOST_TEST(cli({"invoke", "f", "-m", "get it"}) == 2);
  }

  BOOST_AUTO_TEST_CASE(invoke_ends_with_a_code_for_each_outcome) {
    const std::pair<int, int> cases[]
      = {{400, 2}, {401, 4}, {403, 4}, {404, 3}, {429, 7},
         {500, 1}, {502, 1}, {503, 5}, {504, 6}, {418, 1}};
    for (const auto& [status, code] : cases) {
      http.answer("POST /function/f", status, "from the function\n",
                  {{"X-Call-Id", "c-7"}, {"Retry-After", "1"}});
      const auto before = http.sent.size();
      BOOST_TEST(cli({"invoke", "f", "-d", ""}) == code, status);
      BOOST_TEST(out.str() == "from the function\n");
      BOOST_TEST(complained("the function answered " + std::to_string(status)));
      BOOST_TEST(complained("Call id: c-7"));
      BOOST_TEST(http.sent.size() == before + 1); // never repeated
    }
  }

  BOOST_AUTO_TEST_CASE(petrels_own_errors_of_a_call_go_to_stderr) {
    http.answer("POST /function/f", 504,
                R"({"error":{"code":"deadline_exceeded","message":"too slow",)"
                R"("next":"raise petrel.timeout","call_id":"c-8"}})",
                {{"X-Call-Id", "c-8"}, {"X-OpenFaaS-Internal", "proxy"}});
    BOOST_TEST(cli({"invoke", "f", "-d", ""}) == 6);
    BOOST_TEST(out.str() == "");
    BOOST_TEST(err.str()
               == "Error: deadline_exceeded: too slow\nCall id: c-8\n"
                  "Next: raise petrel.timeout\n");
  }

  BOOST_AUTO_TEST_CASE(transport_failures_of_a_call_have_codes) {
    http.queue = {error{errc::unavailable, "refused"},
                  error{errc::outcome_unknown, "reset"},
                  error{errc::deadline_exceeded, "slow"}};
    BOOST_TEST(cli({"invoke", "f", "-d", ""}) == 5);
    BOOST_TEST(complained("no gateway at http://127.0.0.1:8080: refused"));
    BOOST_TEST(cli({"invoke", "f", "-d", ""}) == 1);
    BOOST_TEST(complained("the function may have run"));
    BOOST_TEST(cli({"invoke", "f", "-d", ""}) == 6);
  }

  BOOST_AUTO_TEST_CASE(credentials_do_not_reach_functions_unasked) {
    http.answer("POST /function/f", 200, "");
    BOOST_TEST(cli({"invoke", "f", "-d", "", "-p", "pw"}) == 0);
    for (const auto& [name, value] : http.sent.back().headers)
      BOOST_TEST(name != "Authorization");
    BOOST_TEST(cli({"invoke", "f", "-d", "", "-p", "pw", "--auth"}) == 0);
    BOOST_TEST(http.sent.back().headers.back().first == "Authorization");
  }

  BOOST_AUTO_TEST_CASE(logs_are_printed_line_by_line) {
    http.answer("GET /system/logs", 200,
                R"({"timestamp":"T1","instance":"e","text":"one"})"
                "\n\nnot json\n"
                R"({"timestamp":"T2","instance":"c","text":"two"})");
    BOOST_TEST(cli({"logs", "f", "--tail", "5", "--since", "5m"}) == 0);
    BOOST_TEST(out.str() == "T1 e one\nT2 c two\n");
    BOOST_TEST(http.sent.back().url
               == "http://127.0.0.1:8080/system/logs?name=f&tail=5&since="
                  "2027-01-15T07%3A55%3A00Z&follow=false");
    http.answer("GET /system/logs", 404, "no function f\n");
    BOOST_TEST(cli({"logs", "f"}) == 3);
  }

  BOOST_AUTO_TEST_CASE(
    following_goes_on_after_the_stream_ended_without_doubles) {
    const std::string one = R"({"timestamp":"T1","instance":"e","text":"one"})"
                            "\n";
    const std::string two = R"({"timestamp":"T2","instance":"e","text":"two"})"
                            "\n";
    const std::string three
      = R"({"timestamp":"T2","instance":"e","text":"three"})"
        "\n";
    http.queue = {answer(200, one + two + two), // a function may repeat itself
                  answer(200, two + two + three), answer(503, "going away")};
    BOOST_TEST(cli({"logs", "f", "--follow"}) == 5);
    BOOST_TEST(out.str() == "T1 e one\nT2 e two\nT2 e two\nT2 e three\n");
    BOOST_TEST(http.sent[1].url.ends_with("tail=-1&since=T2&follow=true"));
  }

  BOOST_AUTO_TEST_CASE(a_missing_credential_says_where_to_find_one) {
    http.answer("GET /system/functions", 401, "invalid credentials\n");
    BOOST_TEST(cli({"list"}) == 4);
    BOOST_TEST(complained("--token-file FILE or PETREL_TOKEN_FILE"));
    BOOST_TEST(cli({"list", "-p", "x"}) == 4);
    BOOST_TEST(complained("the credential of --password"));
  }

  BOOST_AUTO_TEST_CASE(an_answer_that_is_no_json_is_no_gateways) {
    http.answer("GET /system/functions", 200, "<html>hello</html>");
    BOOST_TEST(cli({"list"}) == 1);
    BOOST_TEST(complained("is this really a gateway?"));
  }

  BOOST_AUTO_TEST_CASE(repeatable_calls_are_retried_a_few_times) {
    http.queue = {error{errc::outcome_unknown, "reset"},
                  answer(503, "", {{"Retry-After", "1"}}), answer(200, "[]")};
    BOOST_TEST(cli({"list"}) == 0);
    BOOST_TEST(http.sent.size() == 3);
    BOOST_REQUIRE(system.slept.size() == 2);
    BOOST_TEST(system.slept[0].count() == duration{50ms}.count());
    BOOST_TEST(system.slept[1].count() == duration{1s}.count());
    http.sent.clear();
    http.queue.assign(10, error{errc::outcome_unknown, "reset"});
    BOOST_TEST(cli({"list"}) == 1);
    BOOST_TEST(http.sent.size() == 4);
  }

  BOOST_AUTO_TEST_CASE(a_retried_change_keeps_its_request_id) {
    http.queue = {error{errc::outcome_unknown, "reset"}, answer(202)};
    BOOST_TEST(cli({"remove", "f"}) == 0);
    BOOST_REQUIRE(http.sent.size() == 2);
    BOOST_TEST((http.sent[0].headers == http.sent[1].headers));
    BOOST_TEST(
      (http.sent[0].headers.back()
       == std::pair<std::string, std::string>{"X-Request-Id", "id-1"}));
  }

  BOOST_AUTO_TEST_CASE(retry_rules) {
    using answer_t = result<http_response>;
    const answer_t busy = answer(429);
    const answer_t later = answer(503, "", {{"retry-after", "2"}});
    const answer_t too_late = answer(503, "", {{"Retry-After", "600"}});
    const answer_t down = answer(503);
    const answer_t refused = error{errc::unavailable, ""};
    const answer_t broken = error{errc::outcome_unknown, ""};
    const answer_t slow = error{errc::deadline_exceeded, ""};
    BOOST_TEST(!retry_pause(1, false, busy));
    BOOST_TEST(!retry_pause(1, false, broken));
    BOOST_TEST((retry_pause(1, true, busy) == duration{50ms}));
    BOOST_TEST((retry_pause(3, true, busy) == duration{200ms}));
    BOOST_TEST(!retry_pause(4, true, busy));
    BOOST_TEST((retry_pause(1, true, later) == duration{2s}));
    BOOST_TEST(!retry_pause(1, true, too_late));
    BOOST_TEST(!retry_pause(1, true, down));
    BOOST_TEST(!retry_pause(1, true, refused)); // nobody is there: say so
    BOOST_TEST((retry_pause(2, true, broken) == duration{100ms}));
    BOOST_TEST(!retry_pause(1, true, slow));
    BOOST_TEST(!retry_pause(1, true, answer_t{answer(404)}));
  }

  BOOST_AUTO_TEST_SUITE_END()
