// Several gateways that share sites and know of each other only what answers
// report.
#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/sim/figures.hpp"
#include "libfaas/sim/scenario_file.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

using namespace faas;
using namespace faas::sim;

namespace {

constexpr uint64_t seeds = 3;

scenario herd() {
  const char* source = std::getenv("PETREL_SOURCE");
  std::ifstream in{std::string{source ? source : "."}
                   + "/examples/scenarios/routing/herd.yml"};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  auto read = parse_scenario(text);
  BOOST_REQUIRE(read);
  read->length_ms = 60'000;
  return std::move(*read);
}

double mean_ms(const scenario& world, const std::string& policy = "min-latency",
               bool reports = true) {
  double mean = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    run_options how;
    how.seed = seed;
    how.predictor.reports = reports;
    how.policy = [&](const auto& sites) {
      return std::move(*routing::make_policy(policy, sites[0]));
    };
    mean += summarise(run(world, how), world.sites.size()).mean_ms / seeds;
  }
  return mean;
}

} // namespace

BOOST_AUTO_TEST_SUITE(herd_test)

  /// Four gateways lose little to one that sees all events.
  BOOST_AUTO_TEST_CASE(four_gateways_do_not_herd) {
    const auto four = herd();
    auto one = four;
    one.gateways = 1;
    for (auto& events : one.events)
      events.gateway = 0;
    const double together = mean_ms(one), apart = mean_ms(four);
    BOOST_TEST(apart < 1.15 * together);
    BOOST_TEST(apart < mean_ms(four, "min-latency", false));
    BOOST_TEST(apart < 0.9 * mean_ms(four, "ewma"));
  }

BOOST_AUTO_TEST_SUITE_END()
