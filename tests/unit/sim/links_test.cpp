// Links that are full, or lose packets.
#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/sim/figures.hpp"
#include "libfaas/sim/scenario_file.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
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

scenario example(const std::string& name) {
  const char* source = std::getenv("PETREL_SOURCE");
  std::ifstream in{std::string{source ? source : "."} + "/examples/scenarios/"
                   + name + ".yml"};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  auto read = parse_scenario(text);
  BOOST_REQUIRE(read);
  return std::move(*read);
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

  /// Poisson replies of 10 ms each on a way back that is half full wait rho D / (2
  /// (1 - rho)) = 5 ms in the mean (Pollaczek-Khinchine); so many servers that
  /// none waits there.
  BOOST_AUTO_TEST_CASE(replies_queue_as_in_m_d_1) {
    scenario world;
    site_law site;
    site.name = site.tier = "far";
    site.servers = 64;
    site.link.rtt_ms = 20;
    site.link.back_ms_per_byte = 1e-3;
    world.sites = {site};
    function_law function;
    function.ms_fixed = 10;
    function.noise = 0;
    function.reply_bytes_per_unit = 10'000;
    world.functions = {function};
    world.events = {{0, 0, traffic::any, [] { return poisson(50); }}};
    world.length_ms = 4'000'000;
    world.warm_up_ms = 10'000;
    run_options how;
    how.by = chooser::informed;
    how.seed = 5;
    const auto seen = run(world, how);
    const auto all = summarise(seen, 1);
    BOOST_TEST(all.mean_ms == 20 + 10 + 10 + 5.0,
               boost::test_tools::tolerance(0.02));
    // Who knows the laws knew it when each was sent: nothing is drawn here.
    double off = 0;
    for (const auto& one : seen)
      off = std::max(off, std::abs(one.best_ms - one.latency_ms));
    BOOST_TEST(off < 1e-6);
  }

  /// As a_full_link_is_kept_track_of, with the long way the one back.
  BOOST_AUTO_TEST_CASE(a_full_way_back_is_kept_track_of) {
    const auto world = example("full-way-back");
    const auto best = played(world, chooser::clairvoyant);
    const auto ours = played(world, chooser::learned);
    BOOST_TEST(ours.mean_ms < 1.1 * best.mean_ms);
    BOOST_TEST(ours.regret_ms
               < played(world, chooser::learned, "linucb").regret_ms);
  }

  /// Overloaded for ten seconds: whoever loses track of what is on the link
  /// takes far longer than the clairvoyant.
  BOOST_AUTO_TEST_CASE(a_full_link_is_kept_track_of) {
    const auto world = example("full-link");
    const auto best = played(world, chooser::clairvoyant);
    const auto ours = played(world, chooser::learned);
    BOOST_TEST(ours.mean_ms < best.mean_ms);
    BOOST_TEST(ours.regret_ms
               < played(world, chooser::learned, "linucb").regret_ms);
  }

  BOOST_AUTO_TEST_CASE(lost_packets_do_not_drive_events_away) {
    const auto world = lossy();
    const auto best = played(world, chooser::informed);
    BOOST_TEST(played(world, chooser::learned).mean_ms < 1.4 * best.mean_ms);
  }

BOOST_AUTO_TEST_SUITE_END()
