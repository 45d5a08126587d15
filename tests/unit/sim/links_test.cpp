// Links that are full, or lose packets.
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

constexpr uint64_t seeds = 4;

/// Mean latency and regret over the seeds.
struct average {
  double mean_ms = 0, regret_ms = 0;
};

average played(const scenario& world, chooser by,
               const std::string& policy = "min-latency") {
  average all;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    run_options how;
    how.by = by;
    how.seed = seed;
    how.policy = [&](const auto& sites) {
      return std::move(*routing::make_policy(policy, sites[0]));
    };
    const auto seen = summarise(run(world, how), world.sites.size());
    all.mean_ms += seen.mean_ms / seeds;
    all.regret_ms += seen.regret_ms / seeds;
  }
  return all;
}

/// A near site whose link loses a packet now and then, and a far one.
scenario lossy() {
  scenario made;
  made.name = "lossy";
  site_law near, far;
  near.name = near.tier = "near";
  near.servers = 2;
  near.link.rtt_ms = 2;
  near.link.jitter_ms = 0.5;
  near.link.loss = 0.03;
  far.name = far.tier = "far";
  far.servers = 4;
  far.link.rtt_ms = 60;
  far.link.jitter_ms = 1;
  made.sites = {near, far};
  function_law function;
  function.ms_per_unit = 4;
  function.ms_fixed = 4;
  function.bytes_per_unit = 8000;
  function.noise = 0.1;
  made.functions = {function};
  made.events = {{0, 0, traffic::any, [] { return poisson(180); }}};
  made.length_ms = 60'000;
  made.warm_up_ms = 10'000;
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(links_test)

  /// Overloaded for ten seconds: whoever loses track of what is on the link
  /// takes far longer than the clairvoyant.
  BOOST_AUTO_TEST_CASE(a_full_link_is_kept_track_of) {
    const char* source = std::getenv("PETREL_SOURCE");
    std::ifstream in{std::string{source ? source : "."}
                     + "/examples/scenarios/full-link.yml"};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    const auto read = parse_scenario(text);
    BOOST_REQUIRE(read);
    const auto best = played(*read, chooser::clairvoyant);
    const auto ours = played(*read, chooser::learned);
    BOOST_TEST(ours.mean_ms < best.mean_ms);
    BOOST_TEST(ours.regret_ms
               < played(*read, chooser::learned, "linucb").regret_ms);
  }

  BOOST_AUTO_TEST_CASE(lost_packets_do_not_drive_events_away) {
    const auto world = lossy();
    const auto best = played(world, chooser::informed);
    BOOST_TEST(played(world, chooser::learned).mean_ms < 1.4 * best.mean_ms);
  }

BOOST_AUTO_TEST_SUITE_END()
