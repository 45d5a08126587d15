// What top shows, and the manual of the commands.
#include "fakes.hpp"
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/top.hpp"
#include "tools/faas-cli/views.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

using namespace faas;
using namespace faas::cli;
using namespace std::chrono_literals;

namespace {

json counts(double a, double b) {
  return {{{"name", "a"}, {"invocationCount", a}},
          {{"name", "b"}, {"invocationCount", b}}};
}

std::string manual() {
  const auto* source = std::getenv("PETREL_SOURCE");
  std::ifstream in{std::string{source ? source : "."} + "/docs/cli.md"};
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

} // namespace

BOOST_AUTO_TEST_SUITE(views_test)

  BOOST_AUTO_TEST_CASE(rates_come_from_two_counts) {
    rate_meter meter;
    const time_point start{10s};
    BOOST_TEST(meter.update(counts(5, 5), start)[0] == -1);
    const auto rates = meter.update(counts(25, 5), start + 2s);
    BOOST_TEST(rates[0] == 10);
    BOOST_TEST(rates[1] == 0);
    // A node that restarted counts from zero again.
    BOOST_TEST(meter.update(counts(1, 6), start + 3s)[0] == -1);
  }

  BOOST_AUTO_TEST_CASE(the_busiest_functions_are_chosen) {
    json many = json::array();
    std::vector<double> rates;
    for (int i = 0; i < 10; ++i) {
      many.push_back({{"name", "f" + std::to_string(i)}});
      rates.push_back(i == 7 ? 100 : i);
    }
    const auto names = busiest(many, rates);
    BOOST_REQUIRE(names.size() == top_functions);
    BOOST_TEST(names[0] == "f7");
    BOOST_TEST(names[1] == "f9");
    BOOST_TEST(busiest(json::array(), {}).empty());
  }

  BOOST_AUTO_TEST_CASE(unexpected_json_is_shown_as_empty) {
    for (const auto text : {"null", "3", "\"x\"", "[3]", "{}", "[[]]",
                            R"([{"name":3,"petrel":[],"placements":{}}])",
                            R"([{"petrel":{"placements":3,"version":-1}}])"}) {
      const auto value = json::parse(text);
      BOOST_TEST(function_table(value).starts_with("Function"), text);
      BOOST_TEST(node_table(value).starts_with("Node"), text);
      BOOST_TEST(site_table(value).starts_with("Site"), text);
      BOOST_TEST(actor_table(value).starts_with("Actor"), text);
      BOOST_TEST(function_text(value, "g").starts_with("Status:"), text);
      BOOST_TEST(version_of(value) == 0u, text);
      BOOST_TEST(placements_of(value).empty(), text);
    }
  }

  BOOST_AUTO_TEST_CASE(sites_show_what_an_event_imposes) {
    const auto text = site_table(json::parse(
      R"([{"site":"a/cpu","tier":"edge","candidate":true,"best":true,)"
      R"("total_ms":12,"network_ms":1,"queue_ms":2,"service_ms":8,)"
      R"("cold_ms":1,"imposed_ms":3.5,"stddev_ms":4,"policy":"min-latency",)"
      R"("foretold":true},{"site":"b/cpu","candidate":true,"runner_up":true,)"
      R"("policy":"min-latency","foretold":true}])"));
    BOOST_TEST(text.find("Cold  Imposed  +/-") != std::string::npos, text);
    BOOST_TEST(text.find("   1     3.50    4") != std::string::npos, text);
    BOOST_TEST(text.find("  best\n") != std::string::npos, text);
    BOOST_TEST(text.find("  runner-up\n") != std::string::npos, text);
    BOOST_TEST(text.find("olic") == std::string::npos, text);
  }

  BOOST_AUTO_TEST_CASE(sites_say_where_a_policy_is_not_foretold) {
    auto sites = json::parse(
      R"([{"site":"a/cpu","candidate":true,"best":true,"policy":"jsq",)"
      R"("foretold":false},{"site":"b/cpu","candidate":true,)"
      R"("runner_up":true,"policy":"jsq","foretold":false},)"
      R"({"site":"c/cpu","candidate":true,"policy":"jsq","foretold":false}])");
    const auto text = site_table(sites);
    const std::string rest
      = " by prediction; what policy jsq takes is not foretold\n";
    BOOST_TEST(text.find("  best" + rest) != std::string::npos, text);
    BOOST_TEST(text.find("  runner-up" + rest) != std::string::npos, text);
    BOOST_TEST(text.find("c/cpu") > text.rfind("foretold"), text);
    BOOST_TEST(text.find("refuse") == std::string::npos, text);
    for (auto& one : sites) // of a release before
      one.erase("foretold");
    BOOST_TEST(site_table(sites).find("  best\n") != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(sites_say_that_an_event_would_be_refused) {
    auto sites = json::parse(
      R"([{"site":"a/cpu","candidate":true,"policy":"deadline"},)"
      R"({"site":"b/cpu","why_not":"x","policy":"deadline"}])");
    const std::string_view line
      = "Policy deadline would refuse such an event now.\n";
    BOOST_TEST(site_table(sites).ends_with(line), site_table(sites));
    sites[0]["candidate"] = false; // none is there, which the notes say
    BOOST_TEST(!site_table(sites).ends_with(line));
  }

  BOOST_AUTO_TEST_CASE(describe_shows_memory_where_it_is_known) {
    const auto at = [](const char* node, json facts) {
      return json{{"node", node}, {"state", "ready"}, {"facts", facts}};
    };
    const auto text = function_text(
      {{"name", "f"},
       {"petrel",
        {{"asked", {{"least", 2}}},
         {"held", "held on a, b: why"},
         {"placements",
          {at("a", {{"memory_bytes", "12345678"}}), at("b", json::object()),
           at("c", {{"memory_bytes", "much"}})}}}}},
      "g");
    BOOST_TEST(text.find("Memory") != std::string::npos);
    BOOST_TEST(text.find("12 MB\n") != std::string::npos);
    BOOST_TEST(text.find("asked:") != std::string::npos);
    BOOST_TEST(text.find("held on a, b: why") != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(text_of_a_gateway_cannot_steer_the_terminal) {
    const auto line = json{{"timestamp", "T"}, {"text", "a\x1b[2J\nb"}};
    BOOST_TEST(log_text(line) == "T  a [2J b");
    BOOST_TEST(log_text({{"timestamp", "T"},
                         {"instance", "n"},
                         {"call_id", "c-1"},
                         {"text", "x"}})
               == "T n [c-1] x");
  }

  BOOST_AUTO_TEST_CASE(the_manual_names_every_command_and_exit_code) {
    const auto text = manual();
    BOOST_REQUIRE(!text.empty());
    for (const auto* c : all_commands())
      BOOST_TEST(text.find("| `" + std::string{c->name}) != std::string::npos,
                 c->name);
    for (int code = 0; code <= 7; ++code)
      BOOST_TEST(text.find("\n| " + std::to_string(code) + " |")
                 != std::string::npos);
  }

  BOOST_AUTO_TEST_SUITE_END()
