#include "libfaas/manifest/manifest.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace std::chrono_literals;

namespace {

/// The message of a failure; empty for a success.
template <class T>
std::string why(const result<T>& r) {
  return r ? "" : r.error().message;
}

function_spec full_spec() {
  function_spec s;
  s.name = function_name{"classify"};
  s.name_space = "ns";
  s.lang = "torch";
  s.handler = "./classify";
  s.image = "sha256:00";
  s.fprocess = "run";
  s.environment = {{"A", "b \"quoted\" \xc3\xa4"}};
  s.environment_files = {"e.yml"};
  s.secrets = {"s"};
  s.labels = {{"l", "1"}};
  s.annotations = {{"a", "2"}};
  s.constraints = {"c=d"};
  s.limits = {{"memory", "1Gi"}};
  s.requests = {{"cpu", "1"}};
  s.readonly_root_filesystem = true;
  auto& p = s.petrel;
  p.runtime = runtime_kind::torch;
  p.artifact = "m.pt";
  p.kind = artifact_kind::aoti;
  p.mode = trust_mode::inline_;
  p.size = {size_feature::kind::json_pointer, "/n", 2.5};
  p.needs = {{"edge"}, {"edge-1"}, {{"k", "v"}}, 1ull << 33};
  p.topics = {"a/+", "b"};
  p.reply_topic = "r/{topic}";
  p.concurrency = 7;
  p.queue = 0;
  p.timeout = 1500ms;
  p.idempotent = true;
  p.policy = "random";
  p.deadline = 250ms;
  p.lighter = "small";
  p.inputs = {{"x", "FP32", {-1, 3}},
              {"y", "INT64", {2}},
              {"z", "UINT8", {-1, 2, 2, 1}, {0.485}, {0.229}}};
  p.output = "tensor";
  p.device = device_choice::cuda;
  p.batch = {16, 2500us};
  p.max_body_bytes = 4096;
  p.rollout = {{5, 25}, std::chrono::milliseconds{1500}};
  p.scale = {0, std::chrono::seconds{90}, false, false,
             std::chrono::milliseconds{20}, std::chrono::seconds{15}};
  p.on_secret = secret_policy::notify;
  p.samples = {{"a.bin", {}}, {"b/c.json", {{"X-Items", "16"}}}};
  return s;
}

std::string error_of(std::string_view json) {
  auto spec = spec_from_json(json);
  return spec ? "" : spec.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(spec_json_test)

  BOOST_AUTO_TEST_CASE(every_field_survives_the_round_trip) {
    const auto spec = full_spec();
    const auto json = to_json(spec);
    const auto back = spec_from_json(json);
    BOOST_REQUIRE_MESSAGE(back, why(back));
    BOOST_TEST((*back == spec));
    BOOST_TEST(to_json(*back) == json);
  }

  BOOST_AUTO_TEST_CASE(defaults_are_left_out) {
    function_spec spec;
    spec.name = function_name{"f"};
    BOOST_TEST(to_json(spec) == R"({"name":"f"})");
    spec.petrel.artifact = "f.so";
    BOOST_TEST(to_json(spec) == R"({"name":"f","petrel":{"artifact":"f.so"}})");
  }

  BOOST_AUTO_TEST_CASE(unknown_keys_of_a_newer_node_are_ignored) {
    const auto spec = spec_from_json(
      R"({"name":"f","new":1,"petrel":{"artifact":"f.so","newer":[1]}})");
    BOOST_REQUIRE(spec);
    BOOST_TEST(spec->petrel.artifact == "f.so");
  }

  BOOST_AUTO_TEST_CASE(nulls_are_absent) {
    const auto spec = spec_from_json(R"({"name":"f","labels":null,
    "annotations":null,"petrel":null})");
    BOOST_REQUIRE(spec);
    BOOST_TEST(spec->labels.empty());
  }

  BOOST_AUTO_TEST_CASE(amounts_may_have_units_as_in_the_manifest) {
    const auto spec = spec_from_json(
      R"({"name":"f","petrel":{"timeout":"250ms","max_body":"1Mi",
        "needs":{"memory":"2Gi"}}})");
    BOOST_REQUIRE(spec);
    BOOST_TEST((spec->petrel.timeout == 250ms));
    BOOST_TEST(spec->petrel.max_body_bytes == 1u << 20);
    BOOST_TEST(spec->petrel.needs.memory_bytes == 2ull << 30);
    const auto seconds
      = spec_from_json(R"({"name":"f","petrel":{"timeout":90}})");
    BOOST_REQUIRE(seconds);
    BOOST_TEST((seconds->petrel.timeout == 90s));
  }

  BOOST_AUTO_TEST_CASE(what_is_no_spec_is_refused_with_its_key) {
    BOOST_TEST(error_of("") != "");
    BOOST_TEST(error_of("[]") != "");
    BOOST_TEST(error_of("{\"name\":") != "");
    BOOST_TEST(error_of("{}").starts_with("name: "));
    BOOST_TEST(error_of(R"({"name":3})") == "name: has the wrong type");
    BOOST_TEST(error_of(R"({"name":"f","labels":{"a":1}})")
               == "labels: has the wrong type");
    BOOST_TEST(error_of(R"({"name":"f","petrel":3})")
               == "petrel: must be an object");
    BOOST_TEST(error_of(R"({"name":"f","petrel":{"mode":"x"}})")
               == "petrel.mode: must be one of: isolated, threads, inline");
    BOOST_TEST(error_of(R"({"name":"f","petrel":{"concurrency":-1}})")
               == "petrel.concurrency: has the wrong type");
    BOOST_TEST(error_of(R"({"name":"f","petrel":{"concurrency":4294967297}})")
               == "petrel.concurrency: has the wrong type");
    BOOST_TEST(error_of(R"({"name":"f","petrel":{"timeout":"x"}})")
                 .starts_with("petrel.timeout: "));
    BOOST_TEST(error_of(R"({"name":"f","petrel":{"inputs":[3]}})")
                 .starts_with("petrel.inputs: "));
    BOOST_TEST(error_of(R"({"name":"f","petrel":{"max_body":true}})")
                 .starts_with("petrel.max_body: "));
  }

  BOOST_AUTO_TEST_CASE(ranges_are_checked_when_reading) {
    BOOST_TEST(error_of(R"({"name":"f","petrel":{"concurrency":0}})")
               == "petrel.concurrency: must be 1 to 1024");
    BOOST_TEST(error_of(R"({"name":"f","petrel":{"artifact":"../x"}})")
                 .starts_with("petrel.artifact: "));
    BOOST_TEST(error_of(R"({"name":"No"})").starts_with("name: "));
  }

  BOOST_AUTO_TEST_CASE(size_is_bounded) {
    const std::string big(2 * 1024 * 1024, ' ');
    const auto spec = spec_from_json(big);
    BOOST_REQUIRE(!spec);
    BOOST_TEST((spec.error().code == errc::too_large));
  }

  BOOST_AUTO_TEST_CASE(names_of_enums_are_those_of_the_manifest) {
    BOOST_TEST(name(trust_mode::inline_) == "inline");
    BOOST_TEST(name(runtime_kind::torch) == "torch");
    BOOST_TEST(name(artifact_kind::aoti) == "aoti");
  }

  BOOST_AUTO_TEST_SUITE_END()
