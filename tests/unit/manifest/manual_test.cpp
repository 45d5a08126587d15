// docs/manifest.md is what people copy from.
#include "libfaas/manifest/manifest.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace faas;

namespace {

std::string manual() {
  const auto* source = std::getenv("PETREL_SOURCE");
  std::ifstream in{std::string{source ? source : "."} + "/docs/manifest.md"};
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string example(const std::string& text) {
  constexpr std::string_view fence = "```yaml\n";
  const auto start = text.find(fence);
  BOOST_REQUIRE(start != std::string::npos);
  const auto from = start + fence.size();
  return text.substr(from, text.find("```", from) - from);
}

} // namespace

BOOST_AUTO_TEST_SUITE(manual_test)

  BOOST_AUTO_TEST_CASE(the_example_of_the_manual_parses_without_a_warning) {
    std::vector<std::string> warnings;
    const auto parsed = parse_manifest(
      example(manual()),
      [](std::string_view) { return std::optional<std::string>{"http://n:1"}; },
      &warnings);
    const std::string why = parsed ? "" : parsed.error().message;
  BOOST_REQUIRE_MESSAGE(parsed, why);
    BOOST_TEST(warnings.empty());
    BOOST_TEST(parsed->gateway == "http://n:1");
    BOOST_REQUIRE(parsed->functions.size() == 2);
    BOOST_TEST(parsed->functions[1].petrel.topics.size() == 2);
  }

  BOOST_AUTO_TEST_CASE(the_error_quoted_in_the_manual_is_the_real_one) {
    const auto parsed
      = parse_manifest("\n\n\nfunctions:\n  hello:\n    petrel:\n"
                       "      mode: thread\n"
                       "      artifact: a.so\n",
                       {}, nullptr);
    BOOST_REQUIRE(!parsed);
    BOOST_TEST_INFO(parsed.error().message);
    BOOST_TEST(manual().find(parsed.error().message) != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(every_key_of_petrel_has_a_row) {
    const auto text = manual();
    for (const auto key :
         {"artifact",    "runtime",      "artifact_kind", "mode",
          "size.from",   "size.name",    "size.divisor",  "needs.tiers",
          "needs.nodes", "needs.labels", "needs.memory",  "topics",
          "reply_topic", "concurrency",  "queue",         "timeout",
          "idempotent",  "policy",       "inputs",        "output",
          "max_body",    "rollout.steps", "rollout.least",
          "secret_change", "protocol", "command", "listen", "ready", "processes",
          "network", "scale.min", "scale.idle", "scale.learn",
          "scale.prewarm", "scale.wait", "scale.hold", "deadline", "lighter",
          "samples"})
      BOOST_TEST(text.find("`" + std::string{key} + "`") != std::string::npos,
                 key);
  }

  BOOST_AUTO_TEST_SUITE_END()
