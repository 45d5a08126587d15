// Scenario files, good and bad.
#include "libfaas/sim/scenario_file.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>

using namespace faas;
using namespace faas::sim;

namespace {

const std::string good = R"(
name: two
length: 90s
warm_up: 10s
gateways: 2
probe_every: 500ms
sites:
  edge: {servers: 2, slowdown: 5, rtt: 1500us}
  cloud:
    tier: far
    rtt: 35ms
    jitter: 2ms
    mbit: 80
    mbit_back: 8
    cold: 900ms
    keep: 15s
    memory: 2Gi
    batch: {max: 8, window: 5ms, base: 20ms, item: 1500us}
    disturbances:
      - {from: 20s, slowdown: 3, rtt: 2}
      - {from: 40s, slowdown: 1, bandwidth: 0.2}
functions:
  f:
    size: {law: log_normal, mean: 2, sigma: 0.5}
    ms_per_unit: 6
    noise: 0
    bytes_per_unit: 100
    reply_bytes_per_unit: 30
  g: {size: 4, memory: 300Mi, cold: 2s, memoryless: true, told: false}
events:
  - {function: f, rate: 40}
  - {function: g, gateway: 1, kind: on_off, rate: 9, busy: 2s}
)";

std::string why(const std::string& text) {
  const auto made = parse_scenario(text);
  return made ? "good" : made.error().message;
}

/// `good` with something else in it.
std::string with(const std::string& part, const std::string& other) {
  auto text = good;
  const auto at = text.find(part);
  BOOST_REQUIRE_MESSAGE(at != text.npos, part);
  return text.replace(at, part.size(), other);
}

} // namespace

BOOST_AUTO_TEST_SUITE(file_test)

  BOOST_AUTO_TEST_CASE(every_key_arrives) {
    const auto made = parse_scenario(good);
    BOOST_REQUIRE_MESSAGE(made, why(good));
    BOOST_TEST(made->length_ms == 90'000);
    BOOST_TEST(made->warm_up_ms == 10'000);
    BOOST_TEST(made->gateways == 2u);
    BOOST_TEST(made->probe_every_ms == 500);
    BOOST_REQUIRE(made->sites.size() == 2u);
    const auto& edge = made->sites[0];
    BOOST_TEST(edge.name == "edge");
    BOOST_TEST(edge.tier == "edge");
    BOOST_TEST(edge.servers == 2u);
    BOOST_TEST(edge.slowdown == 5);
    BOOST_TEST(edge.link.rtt_ms == 1.5);
    const auto& cloud = made->sites[1];
    BOOST_TEST(cloud.tier == "far");
    BOOST_TEST(cloud.link.jitter_ms == 2);
    BOOST_TEST(cloud.link.ms_per_byte == 1e-4,
               boost::test_tools::tolerance(1e-12));
    BOOST_TEST(cloud.link.back_ms_per_byte == 1e-3,
               boost::test_tools::tolerance(1e-12));
    BOOST_TEST(edge.link.back_ms_per_byte == 0);
    const auto bytes = made->functions[0].bytes_of(2);
    BOOST_TEST(bytes.up == 200);
    BOOST_TEST(bytes.down == 60);
    BOOST_TEST(cloud.cold.load_ms == 900);
    BOOST_TEST(cloud.cold.keep_ms == 15'000);
    BOOST_TEST(cloud.memory_bytes == 2048.0 * 1024 * 1024);
    BOOST_TEST(edge.memory_bytes == 0);
    BOOST_REQUIRE(cloud.batch.has_value());
    BOOST_TEST(!edge.batch.has_value());
    BOOST_TEST(cloud.batch->most == 8);
    BOOST_TEST(cloud.batch->window_ms == 5);
    BOOST_TEST(cloud.batch->base_ms.value() == 20);
    BOOST_TEST(cloud.batch->item_ms.value() == 1.5);
    BOOST_TEST(cloud.disturbance.at(30'000) == 3);
    BOOST_TEST(cloud.disturbance.at(50'000) == 1);
    BOOST_TEST(cloud.link.rtt_factor.at(50'000) == 2);
    BOOST_TEST(cloud.link.ms_per_byte_factor.at(50'000) == 5);
    BOOST_REQUIRE(made->functions.size() == 2u);
    BOOST_TEST(made->functions[0].size.mean() == 2);
    BOOST_TEST(made->functions[1].size.mean() == 4);
    BOOST_TEST(made->functions[1].memory_bytes == 300.0 * 1024 * 1024);
    BOOST_TEST(made->functions[1].cold_ms.value() == 2000);
    BOOST_TEST(!made->functions[0].cold_ms.has_value());
    BOOST_TEST(made->functions[1].memoryless);
    BOOST_TEST(!made->functions[0].memoryless);
    BOOST_TEST(made->functions[0].told);
    BOOST_TEST(!made->functions[1].told);
    BOOST_REQUIRE(made->events.size() == 2u);
    BOOST_TEST(made->events[1].function == 1u);
    BOOST_TEST(made->events[1].gateway == 1u);
    random_source random{1};
    BOOST_TEST(made->events[0].source()->next(random) > 0);
  }

  BOOST_AUTO_TEST_CASE(what_is_wrong_is_told_with_line_and_key) {
    struct wrong {
      const char *part, *other, *message;
    };
    const wrong cases[] = {
      {"length: 90s", "length: 9s", "must be longer than warm_up"},
      {"length: 90s", "length: long", "length"},
      {"gateways: 2", "gateways: 0", "must be 1 to 64"},
      {"gateways: 2", "gatways: 2", "gatways"},
      {"servers: 2", "servers: 0", "must be 1 to 4096"},
      {"slowdown: 5", "slowdown: -1", "must be over 0"},
      {"from: 40s", "from: 4s", "must not be before the step above"},
      {"from: 20s, ", "", "is required"},
      {"log_normal", "normal", "must be one of: constant"},
      {"sigma: 0.5", "sigma: 9", "must be 0 to 5"},
      {"size: 4", "size: four", "must be a number"},
      {"function: g", "function: h", "\"h\" is not among functions"},
      {"gateway: 1", "gateway: 2", "must be below gateways"},
      {"kind: on_off", "kind: off_on", "must be one of: poisson"},
      {"rate: 40", "rate: 0", "must be over 0"},
      {"mbit: 80", "mbit: [80]", "mbit"},
      {"mbit_back: 8", "mbit_back: -8", "must not be negative"},
      {"reply_bytes_per_unit: 30", "reply_bytes_per_unit: -30",
       "must not be negative"},
      {"noise: 0", "noise: 4", "must be 0 to 3"},
      {"max: 8, ", "", "is required: items in a batch"},
      {"max: 8", "max: 5000", "1 to 4096"},
      {"max: 8", "most: 8", "most"},
      {"window: 5ms", "window: 2s", "must be at most 1s"},
      {"window: 5ms", "window: -5ms", "window"},
      {"base: 20ms, item: 1500us", "base: 0, item: 0", "not both be 0"},
      {"{max: 8, window: 5ms, base: 20ms, item: 1500us}", "8",
       "sites.cloud.batch"},
      {"memory: 2Gi", "memory: 2 Gigs", "is not a number of bytes"},
      {"memory: 2Gi", "memory: 0", "must be over 0"},
      {"memory: 300Mi", "memory: 3Gi",
       "functions.g.memory: is more than sites.cloud.memory"},
      {"cold: 2s", "cold: soon", "functions.g.cold"},
    };
    for (const auto& one : cases) {
      const auto said = why(with(one.part, one.other));
      BOOST_TEST(said.find(one.message) != std::string::npos,
                 one.other << " gave: " << said);
      BOOST_TEST(said.find("line ") != std::string::npos, said);
    }
    BOOST_TEST(why("") != "good");
    BOOST_TEST(why("sites: 3\nfunctions: []\n") != "good");
    BOOST_TEST(why("a: [") != "good");
  }

  BOOST_AUTO_TEST_CASE(the_example_is_a_scenario) {
    const auto* source = std::getenv("PETREL_SOURCE");
    std::ifstream in{std::string{source ? source : "."}
                     + "/examples/scenarios/three-sites.yml"};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    BOOST_TEST(why(text) == "good");
  }

BOOST_AUTO_TEST_SUITE_END()
