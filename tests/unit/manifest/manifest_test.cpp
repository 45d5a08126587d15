#include "libfaas/manifest/manifest.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;

namespace {

/// The message of a failure; empty for a success.
template <class T>
std::string why(const result<T>& r) {
  return r ? "" : r.error().message;
}

// As in the OpenFaaS documentation; nothing of Petrel's in it.
constexpr auto openfaas_file = R"(version: 1.0
provider:
  name: openfaas
  gateway: ${GATEWAY:-http://127.0.0.1:8080}
configuration:
  templates:
    - name: golang-http
      source: https://example.org/golang-http#v1
  copy: [./common]
functions:
  url-ping:
    lang: python
    handler: ./sample/url_ping
    image: functions/url-ping:latest
    fprocess: "python index.py"
    namespace: openfaas-fn
    environment: {DEBUG: true, RETRIES: 3, NOTHING: }
    environment_file: [env.yml]
    secrets: [token, other]
    labels: {com.openfaas.scale.min: 1}
    annotations: {topic: "a/b, c/+", note: "x"}
    constraints: ["node.platform.os == linux"]
    limits: {memory: 40Mi, cpu: 100m}
    requests: {memory: 20Mi, cpu: 10m}
    readonly_root_filesystem: true
    skip_build: true
    build_options: [dev]
    build_args: {K: V}
    platforms: linux/amd64,linux/arm64
)";

result<manifest> parse(std::string_view yaml,
                       std::vector<std::string>* warnings = nullptr) {
  return parse_manifest(
    yaml, [](std::string_view) { return std::nullopt; }, warnings);
}

std::string error_of(std::string_view yaml) {
  auto parsed = parse(yaml);
  return parsed ? "" : parsed.error().message;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(manifest_test)

  BOOST_AUTO_TEST_CASE(an_openfaas_file_parses_unchanged) {
    std::vector<std::string> warnings;
    const auto parsed = parse(openfaas_file, &warnings);
    BOOST_REQUIRE_MESSAGE(parsed, why(parsed));
    BOOST_TEST(warnings.empty());
    BOOST_TEST(parsed->gateway == "http://127.0.0.1:8080");
    BOOST_REQUIRE(parsed->functions.size() == 1);
    const auto& f = parsed->functions[0];
    BOOST_TEST(f.name.str() == "url-ping");
    BOOST_TEST(f.lang == "python");
    BOOST_TEST(f.handler == "./sample/url_ping");
    BOOST_TEST(f.image == "functions/url-ping:latest");
    BOOST_TEST(f.fprocess == "python index.py");
    BOOST_TEST(f.name_space == "openfaas-fn");
    BOOST_TEST(
      (f.environment
       == string_map{{"DEBUG", "true"}, {"RETRIES", "3"}, {"NOTHING", ""}}));
    BOOST_TEST((f.environment_files == std::vector<std::string>{"env.yml"}));
    BOOST_TEST((f.secrets == std::vector<std::string>{"token", "other"}));
    BOOST_TEST(f.labels.at("com.openfaas.scale.min") == "1");
    BOOST_TEST(f.annotations.at("note") == "x");
    BOOST_TEST(f.constraints.at(0) == "node.platform.os == linux");
    BOOST_TEST(f.limits.at("memory") == "40Mi");
    BOOST_TEST(f.requests.at("cpu") == "10m");
    BOOST_TEST(f.readonly_root_filesystem);
    BOOST_TEST(f.petrel.artifact.empty());
  }

  BOOST_AUTO_TEST_CASE(the_annotation_topic_adds_topics) {
    const auto parsed = parse(openfaas_file);
    BOOST_REQUIRE(parsed);
    BOOST_TEST((parsed->functions[0].petrel.topics
                == std::vector<std::string>{"a/b", "c/+"}));
  }

  BOOST_AUTO_TEST_CASE(annotated_topics_join_listed_ones_once) {
    const auto parsed = parse(R"(functions:
  f:
    annotations: {topic: "a,b,,"}
    petrel: {artifact: f.so, topics: [b, c]})");
    BOOST_REQUIRE_MESSAGE(parsed, why(parsed));
    BOOST_TEST((parsed->functions[0].petrel.topics
                == std::vector<std::string>{"b", "c", "a"}));
  }

  BOOST_AUTO_TEST_CASE(functions_keep_the_order_of_the_file) {
    const auto parsed = parse("functions: {b: {}, a: {}, c: }");
    BOOST_REQUIRE_MESSAGE(parsed, why(parsed));
    BOOST_REQUIRE(parsed->functions.size() == 3);
    BOOST_TEST(parsed->functions[0].name.str() == "b");
    BOOST_TEST(parsed->functions[2].name.str() == "c");
  }

  BOOST_AUTO_TEST_CASE(unknown_keys_elsewhere_are_warnings) {
    std::vector<std::string> warnings;
    const auto parsed = parse("functions:\n  f:\n    enviroment: {A: b}\n"
                              "    zzzzzz: 1\n",
                              &warnings);
    BOOST_REQUIRE(parsed);
    BOOST_REQUIRE(warnings.size() == 2);
    BOOST_TEST(warnings[0]
               == "line 3: functions.f.enviroment: unknown key; did you mean "
                  "\"environment\"? (ignored)");
    BOOST_TEST(warnings[1]
               == "line 4: functions.f.zzzzzz: unknown key (ignored)");
  }

  BOOST_AUTO_TEST_CASE(a_file_without_functions_is_a_warning) {
    std::vector<std::string> warnings;
    BOOST_REQUIRE(parse("provider: {name: openfaas}", &warnings));
    BOOST_TEST(warnings.size() == 1);
    BOOST_REQUIRE(parse("", &warnings));
  }

  BOOST_AUTO_TEST_CASE(wrong_types_name_line_and_key) {
    BOOST_TEST(error_of("functions:\n  f:\n    environment: [a]\n")
               == "line 3: functions.f.environment: must be a mapping (key: "
                  "value)");
    BOOST_TEST(
      error_of("functions:\n  f:\n    readonly_root_filesystem: maybe")
      == "line 3: functions.f.readonly_root_filesystem: \"maybe\" must "
         "be true or false");
    BOOST_TEST(error_of("functions:\n  f: 3\n")
               == "line 2: functions.f: must be a mapping (key: value)");
    BOOST_TEST(error_of("functions:\n  f:\n    image: {a: b}\n")
               == "line 3: functions.f.image: must be text");
    BOOST_TEST(contains(error_of("- a\n"), "line 1: file: must be a mapping"));
    BOOST_TEST(contains(error_of("functions: [a]"), "functions: must be"));
  }

  BOOST_AUTO_TEST_CASE(provider_and_version_must_be_known_ones) {
    BOOST_TEST(error_of("version: 2.0\nfunctions: {f: }\n")
               == "line 1: version: \"2.0\" must be 1.0");
    BOOST_TEST(
      error_of("provider: {name: kubeless}\n")
      == "line 1: provider.name: \"kubeless\" must be one of: openfaas, "
         "petrel");
  }

  BOOST_AUTO_TEST_CASE(names_follow_the_openfaas_rule) {
    for (const auto name : {"Hello", "a_b", "-a", "a-", "\"\"", "a.b"})
      BOOST_TEST(
        contains(error_of("functions:\n  " + std::string{name} + ": {}"),
                 "line 2: functions."),
        name);
  }

  BOOST_AUTO_TEST_CASE(all_errors_are_told_up_to_a_bound) {
    const auto two
      = error_of("functions:\n  f: {image: []}\n  g: {lang: []}\n");
    BOOST_TEST(contains(two, "line 2: functions.f.image"));
    BOOST_TEST(contains(two, "\nline 3: functions.g.lang"));
    std::string many = "functions:\n";
    for (int i = 0; i < 200; ++i)
      many += "  f" + std::to_string(i) + ": {image: []}\n";
    const auto text = error_of(many);
    BOOST_TEST(std::count(text.begin(), text.end(), '\n') < 20);
  }

  BOOST_AUTO_TEST_CASE(size_is_bounded) {
    const auto parsed = parse(std::string(limits::manifest_bytes + 1, '#'));
    BOOST_REQUIRE(!parsed);
    BOOST_TEST((parsed.error().code == errc::too_large));
  }

  BOOST_AUTO_TEST_CASE(syntax_errors_come_through_with_line) {
    BOOST_TEST(contains(error_of("functions:\n  f: [\n"), "line "));
    BOOST_TEST(error_of("functions:\n  f: {}\n  f: {}\n")
               == "line 3: duplicate key \"f\"");
  }

  BOOST_AUTO_TEST_SUITE_END()
