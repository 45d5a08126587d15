#include "libfaas/manifest/check.hpp"
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

/// Parses one function whose petrel mapping has these lines (from line 4 on;
/// line 3 is `petrel:`).
result<function_spec> with(const std::string& keys, bool artifact = true) {
  std::string yaml = "functions:\n  f:\n    petrel:\n";
  size_t start = 0;
  while (start < keys.size()) {
    const auto end = std::min(keys.find('\n', start), keys.size());
    yaml += "      " + keys.substr(start, end - start) + "\n";
    start = end + 1;
  }
  if (artifact)
    yaml += "      artifact: f.so\n";
  auto parsed = parse_manifest(yaml, {}, nullptr);
  if (!parsed)
    return parsed.error();
  return parsed->functions.at(0);
}

std::string error_of(const std::string& keys) {
  auto spec = with(keys);
  return spec ? "" : spec.error().message;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(petrel_keys_test)

  BOOST_AUTO_TEST_CASE(keys_of_models_are_read) {
    const auto spec = with(R"(runtime: torch
artifact: model.pt
device: cpu
batch: {max: 32, window: 2ms}
inputs:
  - name: image
    datatype: UINT8
    shape: [-1, 8, 8, 3]
    mean: [0.5, 0.25, 0]
    std: [1, 0.5, 2])",
                           false);
    BOOST_REQUIRE_MESSAGE(spec, why(spec));
    const auto& p = spec->petrel;
    BOOST_TEST((p.device == device_choice::cpu));
    BOOST_TEST((p.batch == batch_plan{32, 2ms}));
    BOOST_REQUIRE(p.inputs.size() == 1u);
    BOOST_TEST(p.inputs[0].mean == (std::vector<double>{0.5, 0.25, 0}));
    BOOST_TEST(p.inputs[0].deviation == (std::vector<double>{1, 0.5, 2}));
  }

  BOOST_AUTO_TEST_CASE(every_key_is_read) {
    const auto spec = with(R"(runtime: torch
artifact: model.pt
artifact_kind: torchscript
mode: threads
size: {from: header, name: X-Images, divisor: 784}
needs:
  tiers: [edge, cloud]
  nodes: [edge-1]
  labels: {gpu: none}
  memory: 512Mi
topics: [cam/+/frame, all/#]
reply_topic: "out/{topic}"
concurrency: 2
queue: 64
timeout: 1m30s
idempotent: true
policy: static:edge-1/cpu
deadline: 250ms
lighter: f-small
inputs:
  - {name: x, datatype: FP32, shape: [-1, 28, 28]}
output: tensor
max_body: 1Mi
rollout: {steps: [5%, 25, 50%], least: 90s}
scale: {min: 0, idle: 5m, learn: false, prewarm: false, wait: 20ms, hold: 15s})",
                           false);
    BOOST_REQUIRE_MESSAGE(spec, why(spec));
    const auto& p = spec->petrel;
    petrel_spec wanted;
    wanted.runtime = runtime_kind::torch;
    wanted.artifact = "model.pt";
    wanted.kind = artifact_kind::torchscript;
    wanted.mode = trust_mode::threads;
    wanted.size = {size_feature::kind::header, "X-Images", 784};
    wanted.needs
      = {{"edge", "cloud"}, {"edge-1"}, {{"gpu", "none"}}, 512u << 20};
    wanted.topics = {"cam/+/frame", "all/#"};
    wanted.reply_topic = "out/{topic}";
    wanted.concurrency = 2;
    wanted.queue = 64;
    wanted.timeout = 90s;
    wanted.idempotent = true;
    wanted.policy = "static:edge-1/cpu";
    wanted.deadline = 250ms;
    wanted.lighter = "f-small";
    wanted.inputs = {{"x", "FP32", {-1, 28, 28}}};
    wanted.output = "tensor";
    wanted.max_body_bytes = 1 << 20;
    wanted.rollout = {{5, 25, 50}, 90s};
    wanted.scale = {0, 5min, false, false, 20ms, 15s};
    BOOST_TEST((p == wanted));
  }

  BOOST_AUTO_TEST_CASE(absent_keys_have_defaults) {
    const auto spec = with("");
    BOOST_REQUIRE(spec);
    petrel_spec wanted;
    wanted.artifact = "f.so";
    BOOST_TEST((spec->petrel == wanted));
    BOOST_TEST((spec->petrel.mode == trust_mode::isolated));
  }

  BOOST_AUTO_TEST_CASE(torchscript_runs_on_threads_unless_told_otherwise) {
    auto spec = with("runtime: torch");
    BOOST_REQUIRE(spec);
    BOOST_TEST((spec->petrel.kind == artifact_kind::torchscript));
    BOOST_TEST((spec->petrel.mode == trust_mode::threads));
    spec = with("runtime: torch\nmode: isolated");
    BOOST_REQUIRE(spec);
    BOOST_TEST((spec->petrel.mode == trust_mode::isolated));
    spec = with("runtime: torch\nartifact_kind: aoti"); // native code again
    BOOST_REQUIRE(spec);
    BOOST_TEST((spec->petrel.mode == trust_mode::isolated));
  }

  BOOST_AUTO_TEST_CASE(a_misspelt_key_names_line_key_and_the_nearest) {
    BOOST_TEST(
      error_of("timout: 3\n")
      == "line 4: functions.f.petrel.timout: unknown key; did you mean "
         "\"timeout\"?");
    BOOST_TEST(error_of("size: {form: bytes}")
               == "line 4: functions.f.petrel.size.form: unknown key; did you "
                  "mean \"from\"?");
    BOOST_TEST(contains(error_of("needs:\n  tier: [a]"),
                        "line 5: functions.f.petrel.needs.tier: unknown key"));
    BOOST_TEST(contains(error_of("inputs:\n  - {nam: x}"),
                        "line 5: functions.f.petrel.inputs[0].nam: unknown"));
  }

  BOOST_AUTO_TEST_CASE(an_artifact_is_required) {
    const auto spec = with("mode: threads", false);
    BOOST_REQUIRE(!spec);
    BOOST_TEST(contains(spec.error().message,
                        "line 4: functions.f.petrel.artifact: is required"));
  }

  BOOST_AUTO_TEST_CASE(wrong_values_say_what_is_allowed) {
    struct wrong {
      const char* keys;
      const char* message;
    };
    const wrong cases[] = {
      {"runtime: wasm", "line 4: functions.f.petrel.runtime: \"wasm\" must be "
                        "one of: native, torch, process"},
      {"mode: sandboxed", "must be one of: isolated, threads, inline"},
      {"artifact_kind: torchscript", "does not go with runtime \"native\""},
      {"runtime: torch\nartifact_kind: native", "line 5: "},
      {"size: {from: body}", "must be one of: bytes, header, json, items"},
      {"size: {from: header}",
       "petrel.size.name: must be the name of a header"},
      {"size: {from: json, name: images}", "must be a JSON pointer"},
      {"size: {divisor: 0}", "petrel.size.divisor: must be a number above 0"},
      {"size: {divisor: .nan}", "divisor"},
      {"size: 3", "petrel.size: must be a mapping"},
      {"needs: {memory: lots}", "is not a number of bytes"},
      {"needs: {nodes: [Edge 1]}", "is not a node's name"},
      {"needs: {tiers: [\"\"]}", "a tier is"},
      {"topics: [a/#/b]", "is not an MQTT topic filter"},
      {"topics: {a: b}", "must be a list"},
      {"reply_topic: a/+", "must be an MQTT topic without"},
      {"concurrency: 0", "line 4: functions.f.petrel.concurrency: must be 1 to "
                         "1024"},
      {"concurrency: -1", "must be a whole number"},
      {"concurrency: 1.5", "must be a whole number"},
      {"queue: 65537", "must be 0 to 65536"},
      {"queue: 99999999999", "must be a whole number"},
      {"timeout: soon", "is not a duration"},
      {"timeout: 2h", "must be 1ms to 3600s"},
      {"timeout: 0", "must be 1ms to 3600s"},
      {"idempotent: 1", "must be true or false"},
      {"policy: fastest",
       "unknown policy \"fastest\"; use one of: min-latency"},
      {"policy: \"ewma:alpha=7\"", "alpha must be a number from 0.001 to 1"},
      {"policy: \"prequal:rate=9\"", "rate must be a number from"},
      {"policy: static", "static needs a site"},
      {"policy: \"static:\"", "static needs a site"},
      {"policy: \"deadline:share=1\"", "share must be a number from 0.01"},
      {"deadline: 0", "must be 1ms to the timeout"},
      {"deadline: -5ms", "deadline"},
      {"timeout: 2s\ndeadline: 3s", "must be 1ms to the timeout"},
      {"lighter: f", "line 4: functions.f.petrel.lighter: must be another"},
      {"lighter: Not_One", "must be the name of a function"},
      {"inputs: 3", "must be a list of {name, datatype, shape}"},
      {"inputs: [{name: x, datatype: FLOAT, shape: [1]}]",
       "line 4: functions.f.petrel.inputs[0].datatype: must be one of: BOOL"},
      {"inputs: [{name: x, datatype: FP32, shape: [-1, -1]}]",
       "one of them may"},
      {"inputs: [{name: x, datatype: FP32, shape: [0]}]", "one of them may"},
      {"inputs: [{name: x, datatype: FP32, shape: [a]}]", "whole numbers"},
      {"inputs: [{datatype: FP32, shape: [1]}]", "name: must be 1 to 128"},
      {"output: classes", "must be one of: labels, tensor"},
      {"max_body: 1Gi", "must be 1 to 16777216"},
      {"device: gpu", "auto, cpu, cuda"},
      {"batch: {max: 5000}", "petrel.batch.max"},
      {"batch: {window: 2s}", "0s to 1s"},
      {"batch: {most: 1}", "unknown key"},
      {"inputs: [{name: x, datatype: FP32, shape: [-1, 4, 4, 1], mean: [0], "
       "std: [1]}]",
       "goes with std and images"},
      {"inputs: [{name: x, datatype: UINT8, shape: [-1, 4, 4, 3], mean: [0], "
       "std: [1]}]",
       "one number of each per channel"},
      {"inputs: [{name: x, datatype: UINT8, shape: [-1, 4, 4, 1], mean: [0], "
       "std: [0]}]",
       "at least 0.000001"},
      {"rollout: {steps: [50%, 5%]}", "rising shares"},
      {"rollout: {steps: [5%, 5%]}", "rising shares"},
      {"rollout: {steps: [0%]}", "1% to 99%"},
      {"rollout: {steps: [100%]}", "1% to 99%"},
      {"rollout: {steps: [5%], least: 0s}", "1s to 24h"},
      {"scale: {min: 2}", "petrel.concurrency, which is 1"},
      {"scale: {min: 0, idle: 10ms}", "1s to 24h"},
      {"scale: {wait: 0s}", "100us to 60s"},
      {"scale: {hold: 2h}", "1s to 1h"},
      {"scale: {max: 3}", "max"},
      {"samples: a.json", "must be a list of {body, headers}"},
      {"samples: [a.json]", "petrel.samples[0]: must be a mapping"},
      {"samples: [{file: a.json}]", "unknown key"},
      {"samples: [{headers: {A: b}}]",
       "line 4: functions.f.petrel.samples[0].body: must be the path"},
      {"samples: [{body: a}, {body: ../b}]",
       "samples[1].body: must be the path"},
      {"samples: [{body: /etc/passwd}]", "relative"},
      {"samples: [{body: a, headers: {\"X Y\": b}}]",
       "samples[0].headers: \"X Y\" is not the name of a header"},
      {"samples: [{body: a, headers: {Content-Length: 3}}]",
       "\"Content-Length\" is set by the node; leave it out"},
      {"samples: [{body: a, headers: {X-A: 1, x-a: 2}}]", "is there twice"},
      {"samples: [{body: a, headers: {X-A: \"a\\nb\"}}]", "one line"},
    };
    for (const auto& c : cases)
      BOOST_TEST(contains(error_of(c.keys), c.message),
                 c.keys << " gave: " << error_of(c.keys));
  }

  BOOST_AUTO_TEST_CASE(sample_events_are_read_and_counted) {
    const auto spec = with("samples:\n"
                           "  - body: samples/small.json\n"
                           "  - body: large.json\n"
                           "    headers: {X-Items: \"16\", Content-Type: a/b}");
    BOOST_REQUIRE_MESSAGE(spec, why(spec));
    const std::vector<sample_event> wanted{
      {"samples/small.json", {}},
      {"large.json", {{"X-Items", "16"}, {"Content-Type", "a/b"}}}};
    BOOST_TEST((spec->petrel.samples == wanted));
    std::string all = "{body: a}";
    for (size_t i = 1; i < spec_limits::samples; ++i)
      all += ", {body: a}";
    BOOST_TEST(bool(with("samples: [" + all + "]")));
    BOOST_TEST(contains(error_of("samples: [" + all + ", {body: a}]"),
                        "petrel.samples: at most 8"));
    std::string headers = "A: b";
    for (size_t i = 1; i < spec_limits::sample_headers; ++i)
      headers += ", A" + std::to_string(i) + ": b";
    const auto one = [](const std::string& of) {
      return "samples: [{body: a, headers: {" + of + "}}]";
    };
    BOOST_TEST(error_of(one(headers)) == "");
    BOOST_TEST(contains(error_of(one(headers + ", B: c")), "at most 16"));
    BOOST_TEST(error_of(one("A: " + std::string(1024, 'x'))) == "");
    BOOST_TEST(contains(error_of(one("A: " + std::string(1025, 'x'))),
                        "at most 1024 bytes"));
  }

  BOOST_AUTO_TEST_CASE(an_artifact_stays_inside_the_bundle) {
    for (const auto path : {"/etc/passwd", "../f.so", "a/../b.so", "a//b",
                            "./a", "a/", "a\\\\b", "a\\nb"}) {
      const auto spec = with("artifact: \"" + std::string{path} + "\"", false);
      BOOST_REQUIRE_MESSAGE(!spec, path);
      BOOST_TEST(contains(spec.error().message, "inside the bundle"), path);
    }
    BOOST_TEST(bool(with("artifact: lib/f.so", false)));
  }

  BOOST_AUTO_TEST_CASE(topic_filters_follow_the_mqtt_rules) {
    for (const auto good : {"a", "a/b", "+", "#", "a/+/b", "a/#", "/", "+/+"})
      BOOST_TEST(valid_topic_filter(good), good);
    for (const auto bad : {"", "a#", "#/a", "a+/b", "a/b+", "##"})
      BOOST_TEST(!valid_topic_filter(bad), bad);
    BOOST_TEST(!valid_topic_filter(std::string(2000, 'a')));
    BOOST_TEST(!valid_topic_filter(std::string_view{"a\0b", 3}));
  }

  BOOST_AUTO_TEST_CASE(one_topic_may_be_a_word) {
    const auto spec = with("topics: cam/1");
    BOOST_REQUIRE(spec);
    BOOST_TEST((spec->petrel.topics == std::vector<std::string>{"cam/1"}));
  }

  BOOST_AUTO_TEST_CASE(keys_of_routing) {
  const auto spec = with("key: X-Session\nlighter: small\n");
  BOOST_REQUIRE_MESSAGE(spec, why(spec));
  BOOST_TEST(spec->petrel.key == "X-Session");
  BOOST_TEST(spec->petrel.lighter == "small");
  const auto again = spec_from_json(to_json(*spec));
  BOOST_REQUIRE_MESSAGE(again, why(again));
  BOOST_TEST((*again == *spec));
  BOOST_TEST(contains(error_of("key: \"a b\""), "petrel.key"));
  BOOST_TEST(contains(error_of("lighter: \"Not a name\""), "petrel.lighter"));
  BOOST_TEST(contains(error_of("lighter: f"), "another function"));
}

BOOST_AUTO_TEST_CASE(hedging_needs_a_function_that_may_run_twice) {
  const std::string policy = "policy: \"min-latency:hedge=0.1\"";
  BOOST_TEST(contains(error_of(policy), "idempotent"));
  BOOST_TEST(error_of(policy + "\nidempotent: true") == "");
  BOOST_TEST(contains(error_of("policy: \"min-latency:hedge=2\""), "hedge"));
}

BOOST_AUTO_TEST_SUITE_END()
