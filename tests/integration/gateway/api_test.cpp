// The management API over real sockets.
#include "tests/integration/gateway/server_fixture.hpp"

#include <nlohmann/json.hpp>

using namespace faas;
using namespace faas::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// The fake store accepts a digest whose first byte is the body's length.
std::string digest_for(size_t length) {
  char text[3];
  std::snprintf(text, sizeof text, "%02x", static_cast<unsigned>(length % 256));
  return text + std::string(62, 'a');
}

std::string deployment(const std::string& name, const std::string& digest) {
  return json{{"service", name},
              {"image", "sha256:" + digest},
              {"labels", {{"a", "b"}}},
              {"annotations", nullptr},
              {"petrel", {{"artifact", "libhello.so"}, {"mode", "threads"}}}}
    .dump();
}

struct api_fixture : server_fixture {
  std::string uploaded;
  void upload() {
    uploaded = digest_for(3);
    BOOST_REQUIRE(admin_call("PUT", "/system/bundles/" + uploaded, "abc").status
                  == 201);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(api_test, api_fixture)

  BOOST_AUTO_TEST_CASE(management_needs_the_token) {
    start();
    for (const auto target :
         {"/system/functions", "/system/info", "/system/nodes", "/system/logs",
          "/system/nothing"}) {
      const auto answer = connect().request("GET", target);
      BOOST_TEST(answer.status == 401, target);
      BOOST_TEST(answer.body == "invalid credentials\n");
      BOOST_TEST(answer.header("www-authenticate")
                 == "Basic realm=\"Restricted\"");
    }
    // "admin:secret", "root:secret", an empty bearer (faas-cli without login)
    const auto with = [&](std::string_view value) {
      return connect()
        .request("GET", "/system/functions", {},
                 "Authorization: " + std::string{value} + "\r\n")
        .status;
    };
    BOOST_TEST(with("Basic YWRtaW46c2VjcmV0") == 200);
    BOOST_TEST(with("Bearer secret") == 200);
    BOOST_TEST(with("Basic cm9vdDpzZWNyZXQ=") == 401);
    BOOST_TEST(with("Bearer ") == 401);
    BOOST_TEST(with("Bearer secrets") == 401);
    BOOST_TEST(
      connect().request("PUT", "/system/bundles/" + digest_for(3), "abc").status
      == 401);
    BOOST_TEST(bundles.stored.empty());
  }

  BOOST_AUTO_TEST_CASE(health_readiness_and_metrics_are_open) {
    start();
    auto client = connect();
    BOOST_TEST(client.request("GET", "/healthz").status == 200);
    BOOST_TEST(client.request("HEAD", "/healthz").status == 200);
    BOOST_TEST(client.request("GET", "/readyz").status == 200);
    admin.not_ready = {"no controller yet"};
    const auto waiting = client.request("GET", "/readyz");
    BOOST_TEST(waiting.status == 503);
    BOOST_TEST(json::parse(waiting.body)["reasons"][0] == "no controller yet");
    const auto metrics = client.request("GET", "/metrics");
    BOOST_TEST(
      metrics.header("content-type").starts_with("text/plain; version"));
    BOOST_TEST(metrics.body.find("# TYPE petrel_gateway_pending gauge")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(a_function_is_deployed_as_faas_cli_does_it) {
    start();
    upload();
    const auto body = deployment("classify", uploaded);
    // PUT first; only 404 makes faas-cli POST.
    BOOST_TEST(admin_call("PUT", "/system/functions", body).status == 404);
    const auto made = admin_call("POST", "/system/functions", body);
    BOOST_TEST(made.status == 202);
    BOOST_TEST(json::parse(made.body)["version"] == 1);
    BOOST_TEST(admin_call("PUT", "/system/functions", body).status == 200);
    BOOST_TEST(admin.deployed.back().spec.petrel.artifact == "libhello.so");
    BOOST_TEST(!admin.deployed.back().id.empty());
    const auto list = json::parse(admin_call("GET", "/system/functions").body);
    BOOST_REQUIRE(list.size() == 1u);
    BOOST_TEST(list[0]["name"] == "classify");
    BOOST_TEST(list[0]["image"] == "sha256:" + uploaded);
    BOOST_TEST(list[0]["labels"]["a"] == "b");
    BOOST_TEST(list[0]["createdAt"] == "2023-11-14T22:13:20Z");
    BOOST_TEST(list[0]["replicas"].is_number_unsigned());
    const auto one = admin_call(
      "GET",
      "/system/function/classify.openfaas-fn?namespace=openfaas-fn&usage=1");
    BOOST_TEST(one.status == 200);
    BOOST_TEST(json::parse(one.body)["petrel"]["version"] == 2);
    const auto removed = admin_call("DELETE", "/system/functions",
                                    R"({"functionName":"classify"})");
    BOOST_TEST(removed.status == 202);
    BOOST_TEST(admin_call("DELETE", "/system/functions",
                          R"({"functionName":"classify"})")
                 .status
               == 404);
    BOOST_TEST(admin_call("GET", "/system/function/classify").status == 404);
  }

  BOOST_AUTO_TEST_CASE(versions_are_listed_and_gone_back_to) {
    start();
    upload();
    const auto body = deployment("f", uploaded);
    BOOST_TEST(admin_call("POST", "/system/functions", body).status == 202);
    BOOST_TEST(admin_call("PUT", "/system/functions", body).status == 200);
    const auto all
      = json::parse(admin_call("GET", "/system/versions/f").body);
    BOOST_REQUIRE(all.size() == 1u);
    BOOST_TEST(all[0]["version"] == 2);
    BOOST_TEST(all[0]["image"] == "sha256:" + uploaded);
    BOOST_TEST(all[0]["current"] == true);
    const auto back = admin_call("POST", "/system/rollback/f");
    BOOST_TEST(back.status == 202);
    BOOST_TEST(json::parse(back.body)["version"] == 1);
    BOOST_TEST(admin_call("POST", "/system/rollback/f?version=7").status == 202);
    BOOST_TEST(admin.rolled_back.back().version == 7u);
    for (const auto* bad : {"0", "x", "1x", "-1", "99999999999"})
      BOOST_TEST(admin_call("POST", std::string{"/system/rollback/f?version="}
                                      + bad).status == 400, bad);
    BOOST_TEST(admin_call("POST", "/system/rollback/none").status == 404);
    BOOST_TEST(admin_call("GET", "/system/versions/none").status == 404);
    BOOST_TEST(connect().request("POST", "/system/rollback/f", "").status
               == 401);
    BOOST_TEST(admin_call("GET", "/system/rollback/f").status == 405);
  }

  BOOST_AUTO_TEST_CASE(traffic_is_shown_and_changed) {
    start();
    upload();
    admin_call("POST", "/system/functions", deployment("f", uploaded));
    {
      const auto guard = std::lock_guard{admin.mutex};
      auto& status = admin.functions["f"];
      status.shares = {{1, 95}, {2, 5}};
      status.aliases = {{"prod", 1}};
      rollout_record record{2, 1, {{5, 50}, std::chrono::seconds{30}},
                            rollout::phase::stepping, 0, "", {}};
      status.rollout = rollout_status{record, 12};
    }
    for (const auto* path :
         {"/system/traffic/f", "/system/rollout/f.openfaas-fn",
          "/system/alias/f"}) {
      const auto shown = json::parse(admin_call("GET", path).body);
      BOOST_TEST(shown["shares"] == (json{{"1", 95}, {"2", 5}}));
      BOOST_TEST(shown["aliases"]["prod"] == 1);
      BOOST_TEST(shown["rollout"]["phase"] == "stepping");
      BOOST_TEST(shown["rollout"]["step"] == 1);
      BOOST_TEST(shown["rollout"]["share"] == 5);
      BOOST_TEST(shown["rollout"]["least"] == "30s");
      BOOST_TEST(shown["rollout"]["compared"] == 12);
    }
    const auto one = json::parse(admin_call("GET", "/system/function/f").body);
    BOOST_TEST(one["petrel"]["traffic"]["shares"]["2"] == 5);
    BOOST_TEST(admin_call("POST", "/system/traffic/f",
                          R"({"weights":{"3":90,"4":10}})").status == 202);
    BOOST_TEST((admin.divided.back().weights == traffic_weights{{3, 90},
                                                                {4, 10}}));
    for (const auto* bad : {"", "{}", R"({"weights":[]})",
                            R"({"weights":{"x":1}})", R"({"weights":{"3":-1}})",
                            R"({"weights":{"3":101}})",
                            R"({"weights":{"3":"5"}})"})
      BOOST_TEST(admin_call("POST", "/system/traffic/f", bad).status == 400,
                 bad);
    BOOST_TEST(admin_call("POST", "/system/rollout/f?action=pause").status
               == 202);
    BOOST_TEST((admin.steered.back().what == rollout_command::action::pause));
    BOOST_TEST(admin_call("POST", "/system/rollout/f?action=hurry").status
               == 400);
    BOOST_TEST(admin_call("POST", "/system/rollout/f").status == 400);
    BOOST_TEST(admin_call("PUT", "/system/alias/f?alias=prod&version=3").status
               == 202);
    BOOST_TEST(admin.aliased.back().alias == "prod");
    BOOST_TEST(admin.aliased.back().version == 3u);
    BOOST_TEST(admin_call("PUT", "/system/alias/f?alias=prod").status == 400);
    BOOST_TEST(admin_call("DELETE", "/system/alias/f?alias=prod").status == 202);
    BOOST_TEST(admin.aliased.back().version == 0u);
    for (const auto* path : {"/system/traffic/f", "/system/alias/f",
                             "/system/rollout/f"})
      BOOST_TEST(connect().request("GET", path, "").status == 401);
    BOOST_TEST(admin_call("GET", "/system/traffic/none").status == 404);
    BOOST_TEST(admin_call("DELETE", "/system/traffic/f").status == 405);
  }

  BOOST_AUTO_TEST_CASE(a_request_id_of_the_client_is_kept) {
    start();
    upload();
    const auto body = deployment("f", uploaded);
    connect().request("POST", "/system/functions", body,
                      std::string{bearer} + "X-Request-Id: mine-1\r\n");
    BOOST_REQUIRE(!admin.deployed.empty());
    BOOST_TEST(admin.deployed.back().id.str() == "mine-1");
  }

  BOOST_AUTO_TEST_CASE(bad_deployments_say_what_is_wrong) {
    start();
    upload();
    const auto message = [&](const std::string& body, int status) {
      const auto answer = admin_call("POST", "/system/functions", body);
      BOOST_TEST(answer.status == status, body);
      return json::parse(answer.body)["error"]["message"].get<std::string>();
    };
    BOOST_TEST(message("nonsense", 400) == "the body is not a JSON object");
    BOOST_TEST(message("{}", 400) == "\"service\" is missing");
    BOOST_TEST(message(R"({"service":"x","image":"docker.io/x"})", 400)
                 .find("container images")
               != std::string::npos);
    message(deployment("Bad Name", uploaded), 400);
    BOOST_TEST(message(deployment("x", digest_for(9)), 422).find("not here")
               != std::string::npos);
    BOOST_TEST(admin.deployed.empty());
    const std::string large(2'000'000, ' ');
    BOOST_TEST(admin_call("POST", "/system/functions", large).status == 413);
  }

  BOOST_AUTO_TEST_CASE(an_unreachable_controller_is_told) {
    start();
    admin.fail = error{errc::unavailable, "no controller", "start one"};
    const auto answer = admin_call("GET", "/system/functions");
    BOOST_TEST(answer.status == 503);
    BOOST_TEST(json::parse(answer.body)["error"]["next"] == "start one");
  }

  BOOST_AUTO_TEST_CASE(a_dropped_request_is_500_and_hangs_nobody) {
    start();
    admin.silent = true;
    BOOST_TEST(admin_call("GET", "/system/functions").status == 500);
  }

  BOOST_AUTO_TEST_CASE(bundles_are_uploaded_once) {
    start();
    const std::string body(700'000, 'z');
    const auto path = "/system/bundles/" + digest_for(body.size());
    BOOST_TEST(admin_call("HEAD", path).status == 404);
    BOOST_TEST(admin_call("PUT", path, body).status == 201);
    BOOST_TEST(admin_call("HEAD", path).status == 200);
    BOOST_TEST(admin_call("PUT", path, body).status == 200);
    BOOST_TEST(bundles.stored.size() == 1u);
    BOOST_TEST((bundles.stored.begin()->second == body));
  }

  BOOST_AUTO_TEST_CASE(bad_uploads_leave_nothing_behind) {
    start();
    const auto path = "/system/bundles/" + digest_for(3);
    BOOST_TEST(admin_call("PUT", path, "abcd").status == 422);
    BOOST_TEST(admin_call("PUT", "/system/bundles/xyz", "abc").status == 400);
    bundles.fail_write = error{errc::storage_full, "disk full", "free some"};
    BOOST_TEST(admin_call("PUT", path, "abc").status == 507);
    bundles.fail_write.reset();
    bundles.fail_begin = error{errc::storage_full, "disk full", "free some"};
    BOOST_TEST(admin_call("PUT", path, "abc").status == 507);
    bundles.fail_begin.reset();
    auto client = connect();
    client.send("PUT " + path + " HTTP/1.1\r\nHost: h\r\n" + std::string{bearer}
                + "Content-Length: 2000000000\r\n\r\n");
    BOOST_TEST(client.read().status == 413);
    const auto before = bundles.dropped.load();
    auto leaver = connect();
    leaver.send("PUT " + path + " HTTP/1.1\r\nHost: h\r\n" + std::string{bearer}
                + "Content-Length: 900000\r\n\r\n" + std::string(500'000, 'x'));
    leaver.close();
    BOOST_TEST(eventually([&] { return bundles.dropped.load() > before; }));
    BOOST_TEST(bundles.stored.empty());
  }

  BOOST_AUTO_TEST_CASE(logs_are_json_lines_and_can_be_followed) {
    start();
    const auto line = [](std::string text, uint64_t sequence) {
      log_line made;
      made.function = function_name{"hello"};
      made.instance = "edge-1";
      made.text = std::move(text);
      made.sequence = sequence;
      made.at = std::chrono::system_clock::now();
      return made;
    };
    admin.lines = {line("one", 1), line("two", 2), line("three", 3)};
    const auto all = admin_call("GET", "/system/logs?name=hello&tail=2");
    BOOST_TEST(all.status == 200);
    BOOST_TEST(all.header("content-type") == "application/x-ndjson");
    BOOST_TEST(std::count(all.body.begin(), all.body.end(), '\n') == 2);
    auto client = connect();
    client.send("GET /system/logs?name=hello&follow=true&tail=-1 HTTP/1.1\r\n"
                "Host: h\r\n"
                + std::string{bearer} + "\r\n");
    BOOST_TEST(client.read_head().status == 200);
    for (const auto expected : {"one", "two", "three"})
      BOOST_TEST(json::parse(client.read_line())["text"] == expected);
    {
      const auto guard = std::lock_guard{admin.mutex};
      admin.lines.push_back(line("four", 4));
    }
    BOOST_TEST(json::parse(client.read_line())["text"] == "four");
  }

  BOOST_AUTO_TEST_CASE(a_followed_stream_ends_in_time) {
    config.log_follow = 300ms;
    start();
    BOOST_TEST(admin_call("GET", "/system/logs?name=hello&follow=1").status
               == 200);
  }

  BOOST_AUTO_TEST_CASE(bad_log_queries_are_422) {
    start();
    for (const auto query : {"", "?name=a&tail=x", "?name=a&since=yesterday"})
      BOOST_TEST(admin_call("GET", std::string{"/system/logs"} + query).status
                   == 422,
                 query);
  }

  BOOST_AUTO_TEST_CASE(queries_of_petrel_answer_json) {
    start();
    upload();
    admin_call("POST", "/system/functions", deployment("f", uploaded));
    const auto nodes = json::parse(admin_call("GET", "/system/nodes").body);
    BOOST_TEST(nodes[0]["name"] == "edge-1");
    const auto sites
      = json::parse(admin_call("GET", "/system/sites/f?size=38.5").body);
    BOOST_TEST(sites[0]["size"] == 38.5);
    BOOST_TEST(sites[0]["best"] == true);
    BOOST_TEST(sites[0]["imposed_ms"] == 2.5);
    BOOST_TEST(sites[0]["request_bytes"] == 3000);
    BOOST_TEST(sites[0]["reply_bytes"] == 40);
    BOOST_TEST(sites[0]["policy"] == "jsq");
    BOOST_TEST(sites[0]["foretold"] == false);
    BOOST_TEST(admin_call("GET", "/system/sites/f?size=many").status == 400);
    BOOST_TEST(admin_call("GET", "/system/sites/nix").status == 404);
    const auto actors = json::parse(admin_call("GET", "/system/actors").body);
    BOOST_TEST(actors[0]["kind"] == "lane");
    const auto info = json::parse(admin_call("GET", "/system/info").body);
    BOOST_TEST(info["provider"]["version"]["release"] == "0.1.0");
    BOOST_TEST(info["version"].is_object());
    BOOST_TEST(admin_call("GET", "/system/namespaces").body
               == "[\"openfaas-fn\"]\n");
  }

  BOOST_AUTO_TEST_CASE(a_node_is_steered_by_its_name_and_an_action) {
    start();
    const auto drained
      = admin_call("POST", "/system/node/edge-1?action=drain");
    BOOST_TEST(drained.status == 200);
    const auto told = json::parse(drained.body);
    BOOST_TEST(told["name"] == "edge-1");
    BOOST_TEST(told["duty"] == "draining");
    BOOST_TEST(told["note"] == "waits");
    const auto removed = admin_call(
      "POST", "/system/node/edge-1?action=remove&force=true");
    BOOST_TEST(json::parse(removed.body)["duty"] == "removed");
    BOOST_REQUIRE_EQUAL(admin.steered_nodes.size(), 2u);
    BOOST_TEST(admin.steered_nodes[1].force);
    BOOST_TEST(admin_call("POST", "/system/node/edge-9?action=cordon").status
               == 404);
    for (const auto* path :
         {"/system/node/edge-1", "/system/node/edge-1?action=burn",
          "/system/node/Edge_1?action=drain"})
      BOOST_TEST(admin_call("POST", path).status == 400, path);
    BOOST_TEST(connect().request("POST", "/system/node/edge-1?action=drain", "")
                 .status
               == 401);
  }

  BOOST_AUTO_TEST_CASE(secrets_come_in_and_never_go_out) {
    start();
    const auto call = [&](const char* method, const json& body) {
      const auto answer = admin_call(method, "/system/secrets", body.dump());
      BOOST_TEST(answer.body.find("hunter2") == std::string::npos);
      return answer.status;
    };
    BOOST_TEST(call("POST", {{"name", "db"}, {"value", "hunter2"}}) == 201);
    BOOST_TEST(admin.secrets_put.at("db") == "hunter2");
    // As OpenFaaS's client: rawValue counts when value is empty.
    BOOST_TEST(call("POST", {{"name", "raw"},
                             {"namespace", "openfaas-fn"},
                             {"value", ""},
                             {"rawValue", "AP9odW50ZXIy"}})
               == 201);
    BOOST_TEST((admin.secrets_put.at("raw")
                == std::string("\0\xff" "hunter2", 9)));
    BOOST_TEST(call("POST", {{"name", "db"}, {"value", "x"}}) == 409);
    BOOST_TEST(call("PUT", {{"name", "db"}, {"value", "hunter2-b"}}) == 200);
    BOOST_TEST(call("PUT", {{"name", "no"}, {"value", "hunter2"}}) == 404);
    BOOST_TEST(call("POST", {{"name", "a"}, {"value", 1}}) == 400);
    BOOST_TEST(call("POST", {{"name", "a"}, {"rawValue", "hunter2"}}) == 400);
    BOOST_TEST(call("POST", {{"value", "hunter2"}}) == 400);
    BOOST_TEST(call("POST", {{"name", "a"},
                             {"namespace", "other"},
                             {"value", "hunter2"}})
               == 404);
    BOOST_TEST(admin_call("POST", "/system/secrets", "{hunter2").status == 400);
    const auto listed = admin_call("GET", "/system/secrets");
    BOOST_TEST(listed.status == 200);
    BOOST_TEST(listed.body.find("hunter2") == std::string::npos);
    const auto all = json::parse(listed.body);
    BOOST_REQUIRE(all.size() == 2u);
    BOOST_TEST(all[0]["name"] == "db");
    BOOST_TEST(all[0]["namespace"] == "openfaas-fn");
    BOOST_TEST(all[0]["petrel"]["users"] == json{"f"});
    BOOST_TEST(all[0]["petrel"]["changedAt"] == "2023-11-14T22:14:20Z");
    BOOST_TEST(admin_call("GET", "/system/secrets?namespace=x").body
               == "[]\n");
    BOOST_TEST(call("DELETE", {{"name", "db"}}) == 200); // 204 is an error
    BOOST_TEST(call("DELETE", {{"name", "db"}}) == 404);
    BOOST_TEST(connect().request("GET", "/system/secrets").status == 401);
  }

  BOOST_AUTO_TEST_CASE(instances_are_asked_for_as_openfaas_does_it) {
    start();
    upload();
    BOOST_REQUIRE(admin_call("POST", "/system/functions",
                             deployment("f", uploaded))
                    .status
                  == 202);
    const auto ask = [&](const std::string& body,
                         const std::string& name = "f") {
      return admin_call("POST", "/system/scale-function/" + name, body);
    };
    const auto done = ask(R"({"serviceName":"f","replicas":3})");
    BOOST_TEST(done.status == 202);
    BOOST_TEST(json::parse(done.body)["version"] == 1);
    BOOST_REQUIRE(admin.scaled.size() == 1u);
    BOOST_TEST(admin.scaled[0].function.str() == "f");
    BOOST_TEST(admin.scaled[0].least == 3u);
    BOOST_TEST(!admin.scaled[0].id.empty());
    BOOST_TEST(json::parse(admin_call("GET", "/system/function/f").body)
                 ["petrel"]["asked"]["least"]
               == 3);
    // The namespace as OpenFaaS's clients send it; more than a number holds.
    BOOST_TEST(ask(R"({"serviceName":"f.openfaas-fn","replicas":0,)"
                   R"("namespace":"openfaas-fn"})",
                   "f.openfaas-fn?namespace=openfaas-fn")
                 .status
               == 202);
    BOOST_TEST(admin.scaled.back().least == 0u);
    BOOST_TEST(ask(R"({"replicas":99999999999})").status == 202);
    BOOST_TEST(admin.scaled.back().least == 0xffffffffu);
    for (const auto* bad :
         {"", "[]", "{", "{}", R"({"replicas":-1})", R"({"replicas":1.5})",
          R"({"replicas":"2"})", R"({"serviceName":7,"replicas":2})",
          R"({"serviceName":"g","replicas":2})"}) {
      const auto answer = ask(bad);
      BOOST_TEST(answer.status == 400, bad);
      BOOST_TEST(json::parse(answer.body)["error"]["next"] != "", bad);
    }
    BOOST_TEST(ask(R"({"serviceName":"g","replicas":2})", "g").status == 404);
    BOOST_TEST(ask(R"({"replicas":1,"namespace":"other"})").status == 404);
    BOOST_TEST(connect()
                 .request("POST", "/system/scale-function/f",
                          R"({"serviceName":"f","replicas":1})")
                 .status
               == 401);
    BOOST_TEST(admin_call("GET", "/system/scale-function/f").status == 405);
    BOOST_TEST(admin.scaled.size() == 4u);
  }

  BOOST_AUTO_TEST_CASE(what_is_not_there_yet_says_so) {
    start();
    BOOST_TEST(connect().request("POST", "/async-function/hello", "x").status
               == 501);
    BOOST_TEST(admin_call("GET", "/system/nothing").status == 404);
    BOOST_TEST(connect().request("GET", "/nothing").status == 404);
    const auto wrong = admin_call("PATCH", "/system/functions");
    BOOST_TEST(wrong.status == 405);
    BOOST_TEST(wrong.header("allow") == "GET, POST, PUT, DELETE");
  }

  BOOST_AUTO_TEST_CASE(requests_may_be_pipelined_with_calls) {
    start();
    auto client = connect();
    client.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
                "GET /function/hello HTTP/1.1\r\nHost: h\r\n\r\n"
                "GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n");
    BOOST_TEST(client.read().body == "OK\n");
    BOOST_TEST(client.read().body == "hello\n");
    BOOST_TEST(client.read().status == 200);
  }

  BOOST_AUTO_TEST_SUITE_END()
