#include "gateway/api/deployment.hpp"

#include "gateway/api/log_cursor.hpp"
#include "gateway/api/query_string.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace faas;
using namespace faas::api;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string image = "sha256:" + std::string(64, 'a');

json full() {
  return {{"service", "classify"},
          {"image", image},
          {"namespace", "openfaas-fn"},
          {"envProcess", "run"},
          {"envVars", {{"K", "v"}}},
          {"constraints", {"a=b"}},
          {"secrets", {"s"}},
          {"labels", {{"l", "1"}}},
          {"annotations", {{"topic", "cam/+"}}},
          {"limits", {{"memory", "40Mi"}}},
          {"requests", {{"cpu", "10m"}}},
          {"readOnlyRootFilesystem", true},
          {"petrel",
           {{"artifact", "model.pt"},
            {"runtime", "torch"},
            {"artifact_kind", "torchscript"},
            {"mode", "threads"},
            {"timeout", "5s"},
            {"idempotent", true}}}};
}

std::string message(const json& body) {
  const auto read = read_deployment(body.dump());
  return read ? "" : read.error().message;
}

log_line line(const char* node, uint64_t sequence, wall_time at) {
  log_line made;
  made.instance = node;
  made.sequence = sequence;
  made.at = at;
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(deployment_test)

  BOOST_AUTO_TEST_CASE(a_deployment_comes_back_in_the_status) {
    const auto read = read_deployment(full().dump());
    BOOST_REQUIRE_MESSAGE(bool(read),
                          (read ? std::string{} : read.error().to_string()));
    BOOST_TEST((read->spec.petrel.timeout == 5s));
    function_status status;
    status.spec = read->spec;
    status.bundle = read->bundle;
    status.version = 3;
    status.created = wall_time{1'700'000'000s};
    placement_status at;
    at.node = node_name{"edge-1"};
    at.version = 3;
    at.state = instance_state::ready;
    status.placements = {at};
    at.state = instance_state::failed;
    status.placements.push_back(at);
    const auto out = status_json(status);
    const auto body = full(); // outlives the loops
    for (const auto& [key, value] : body.items())
      if (key != "service" && key != "petrel")
        BOOST_TEST((out.at(key) == value), key);
    for (const auto& [key, value] : body["petrel"].items())
      BOOST_TEST((out["petrel"].at(key) == value), key);
    BOOST_TEST(out["name"] == "classify");
    BOOST_TEST(out["replicas"] == 1);
    BOOST_TEST(out["availableReplicas"] == 1);
    BOOST_TEST(out["createdAt"] == "2023-11-14T22:13:20Z");
    BOOST_TEST(out["petrel"]["placements"].size() == 2u);
    BOOST_TEST(out["petrel"]["placements"][1]["state"] == "failed");
  }

  BOOST_AUTO_TEST_CASE(an_unset_creation_time_is_left_out) {
    function_status status;
    status.spec.name = function_name{"x"};
    const auto out = status_json(status);
    BOOST_TEST(!out.contains("createdAt"));
    BOOST_TEST(out["namespace"] == "openfaas-fn");
  }

  BOOST_AUTO_TEST_CASE(null_counts_as_absent) {
    auto body = full();
    for (const auto key : {"labels", "annotations", "secrets", "envVars"})
      body[key] = nullptr;
    BOOST_TEST(message(body) == "");
  }

  BOOST_AUTO_TEST_CASE(errors_name_what_is_wrong) {
    BOOST_TEST(!read_deployment("[]"));
    BOOST_TEST(!read_deployment("{"));
    BOOST_TEST(!read_deployment(""));
    auto body = full();
    body.erase("service");
    BOOST_TEST(message(body) == "\"service\" is missing");
    body = full();
    body["image"] = 5;
    BOOST_TEST(message(body) == "\"image\" is missing");
    body["image"] = "sha256:12";
    BOOST_TEST(message(body).starts_with("\"image\": "));
    body = full();
    body["namespace"] = "other";
    BOOST_TEST(message(body) == "there is no namespace \"other\"");
    body = full();
    body["petrel"]["timeout"] = "soon";
    BOOST_TEST(message(body).find("timeout") != std::string::npos);
    body = full();
    body["labels"] = "none";
    BOOST_TEST(message(body).find("labels") != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(a_removal_names_a_function) {
    BOOST_TEST(read_delete(R"({"functionName":"a"})")->str() == "a");
    BOOST_TEST(!read_delete("{}"));
    BOOST_TEST(!read_delete(R"({"functionName":1})"));
    BOOST_TEST(!read_delete(R"({"functionName":"a","namespace":"b"})"));
  }

  BOOST_AUTO_TEST_CASE(rfc_3339_times_are_read_with_fraction_and_offset) {
    const auto base = wall_time{1'700'000'000s};
    BOOST_TEST((parse_rfc3339("2023-11-14T22:13:20Z") == base));
    BOOST_TEST((parse_rfc3339("2023-11-15T00:13:20+02:00") == base));
    BOOST_TEST((parse_rfc3339("2023-11-14T20:43:20-01:30") == base));
    const auto half = parse_rfc3339("2023-11-14T22:13:20.5Z");
    BOOST_REQUIRE(half);
    BOOST_TEST((*half - base == 500ms));
    for (const auto bad :
         {"", "yesterday", "2023-11-14", "2023-13-14T22:13:20Z",
          "2023-11-14T22:13:20", "2023-11-14T22:13:20+2"})
      BOOST_TEST(!parse_rfc3339(bad), bad);
  }

  BOOST_AUTO_TEST_CASE(query_values_are_decoded) {
    BOOST_TEST(query_value("a=1&b=x%2Fy+z&c", "b") == "x/y z");
    BOOST_TEST(query_value("ab=1&a=2", "a") == "2");
    BOOST_TEST(query_value("a", "a") == "");
    BOOST_TEST(query_value("a=%4", "a") == "");
    BOOST_TEST(query_value("a=%zz", "a") == "");
    BOOST_TEST(query_value("", "a") == "");
  }

  BOOST_AUTO_TEST_CASE(a_follower_sees_each_line_of_each_node_once) {
    log_cursor cursor{log_query{}};
    const auto now = wall_time{1000s};
    BOOST_TEST(cursor.fresh({line("a", 7, now), line("b", 1, now)}).size()
               == 2u);
    // The overlap brings old lines again; b is slow and a has restarted.
    const auto next = cursor.fresh({line("a", 7, now), line("b", 1, now),
                                    line("b", 2, now), line("a", 1, now + 1s)});
    BOOST_REQUIRE(next.size() == 2u);
    BOOST_TEST(next[0].instance == "b");
    BOOST_TEST(next[1].instance == "a");
    BOOST_TEST((cursor.next().since < now));
    BOOST_TEST((cursor.next().since > now - 10s));
    // Each node by its own numbers and clock; one that is new by the time.
    BOOST_TEST(cursor.next().seen.at("a").sequence == 1u);
    BOOST_TEST(cursor.next().seen.at("b").sequence == 2u);
    const auto wants = [&](log_line of) { return cursor.next().wants(of); };
    BOOST_TEST(!wants(line("b", 2, now)));
    BOOST_TEST(wants(line("b", 3, now - 1h))); // its clock was put back
    BOOST_TEST(wants(line("a", 1, now + 2s))); // it has restarted again
    BOOST_TEST(wants(line("c", 1, now)));
    BOOST_TEST(!wants(line("c", 1, now - 1h)));
    BOOST_TEST(cursor.fresh({}).empty());
  }

  BOOST_AUTO_TEST_SUITE_END()
