// Sites that come before their functions do.
#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/sim/draws.hpp"
#include "libfaas/sim/scenario_file.hpp"
#include "libfaas/sim/world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

using namespace faas;
using namespace faas::sim;

namespace {

/// A site that is too slow for its events, and a fast one that comes at 10 s and
/// has its function 6 s later.
std::string world_text(const std::string& more = {}) {
  return R"(
length: 40s
sites:
  slow: {servers: 1, slowdown: 1, rtt: 2ms}
  fast:
    servers: 4
    rtt: 2ms
)" + more + R"(
    absent: [{from: 0s, until: 10s, deploy: 6s}]
functions:
  f: {ms_fixed: 100, noise: 0.05}
events:
  - {rate: 16}
)";
}

scenario world(const std::string& more = {}) {
  auto made = parse_scenario(world_text(more));
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  return *made;
}

run_options by(chooser what, const std::string& policy = "min-latency") {
  run_options made;
  made.by = what;
  made.policy = [policy](const auto& sites) {
    return std::move(*routing::make_policy(policy, sites[0]));
  };
  return made;
}

/// How events went that were sent to the second site before it served.
struct early {
  size_t sent = 0, answered_too_soon = 0;
};
early early_ones(const std::vector<record>& all) {
  early made;
  for (const auto& one : all)
    if (one.site == 1 && one.sent < 16'000) {
      ++made.sent;
      made.answered_too_soon += one.sent + one.latency_ms < 16'000;
    }
  return made;
}

double mean(const std::vector<record>& all) {
  double sum = 0;
  for (const auto& one : all)
    sum += one.latency_ms / static_cast<double>(all.size());
  return sum;
}

} // namespace

BOOST_AUTO_TEST_SUITE(deploy_test)

  BOOST_AUTO_TEST_CASE(events_wait_where_that_ends_first) {
    for (const auto who : {chooser::learned, chooser::informed,
                           chooser::farsighted, chooser::clairvoyant})
      BOOST_TEST_CONTEXT("chooser " << static_cast<int>(who)) {
        const auto all = run(world(), by(who));
        const auto early = early_ones(all);
        BOOST_TEST(early.sent > 5u);
        BOOST_TEST(early.answered_too_soon == 0u);
        for (const auto& one : all)
          BOOST_TEST((one.site == 0 || one.sent >= 10'000));
      }
  }

  BOOST_AUTO_TEST_CASE(nobody_waits_who_is_served_sooner_elsewhere) {
    auto quiet = world();
    quiet.sites[1].slowdown = 0.5;
    quiet.events[0].source = [] { return poisson(2); };
    for (const auto who : {chooser::learned, chooser::informed,
                           chooser::farsighted, chooser::clairvoyant})
      BOOST_TEST_CONTEXT("chooser " << static_cast<int>(who)) {
        const auto all = run(quiet, by(who));
        size_t after = 0;
        for (const auto& one : all) {
          BOOST_TEST((one.site == 0 || one.sent > 15'000));
          after += one.site == 1;
        }
        BOOST_TEST(after > 10u);
      }
  }

  /// The prediction knows what is left: it is right for those that wait.
  BOOST_AUTO_TEST_CASE(what_is_predicted_for_them_comes_true) {
    const auto all = run(world(), by(chooser::learned));
    size_t count = 0, near = 0;
    for (const auto& one : all)
      if (one.site == 1 && one.sent < 15'900) {
        ++count;
        near += std::abs(one.predicted_ms - one.latency_ms) < 400;
      }
    BOOST_TEST(count > 5u);
    BOOST_TEST(near * 10 >= count * 8);
  }

  BOOST_AUTO_TEST_CASE(who_knows_of_it_takes_less_time) {
    const auto waiting = run(world(), by(chooser::learned));
    auto later = world(); // hidden until it serves
    later.sites[1].absent = {{0, 16'000}};
    const auto hidden = run(later, by(chooser::learned));
    BOOST_REQUIRE(waiting.size() == hidden.size());
    BOOST_TEST(mean(waiting) < mean(hidden));
  }

  BOOST_AUTO_TEST_CASE(other_policies_see_it_once_it_serves) {
    for (const auto* policy : {"round-robin", "c3", "weighted", "deadline"})
      BOOST_TEST_CONTEXT(policy) {
        const auto all = run(world(), by(chooser::learned, policy));
        BOOST_TEST(early_ones(all).sent == 0u);
        BOOST_TEST(std::any_of(all.begin(), all.end(), [](const record& one) {
          return one.site == 1;
        }));
      }
  }

  BOOST_AUTO_TEST_CASE(where_there_is_no_other_site_events_wait) {
    auto alone = world();
    alone.sites.erase(alone.sites.begin());
    for (const auto* policy : {"min-latency", "round-robin"})
      BOOST_TEST_CONTEXT(policy) {
        const auto all = run(alone, by(chooser::learned, policy));
        BOOST_REQUIRE(!all.empty());
        BOOST_TEST(all.front().sent < 1000);
        for (const auto& one : all)
          BOOST_TEST(one.sent + one.latency_ms > 16'000);
      }
  }

  BOOST_AUTO_TEST_CASE(batches_wait_too) {
    const auto all = run(world("    batch: {max: 4}"), by(chooser::learned));
    const auto early = early_ones(all);
    BOOST_TEST(early.sent > 0u);
    BOOST_TEST(early.answered_too_soon == 0u);
  }

  BOOST_AUTO_TEST_CASE(a_crash_while_it_is_deployed_loses_nothing) {
    auto crashing = world();
    crashing.sites[1].absent.push_back({13'000, 20'000});
    const auto all = run(crashing, by(chooser::clairvoyant));
    const auto same = run(world(), by(chooser::clairvoyant));
    BOOST_TEST(all.size() == same.size());
  }

  BOOST_AUTO_TEST_CASE(it_is_read_and_scaled) {
    const auto made = world();
    BOOST_REQUIRE(made.sites[1].absent.size() == 1u);
    BOOST_TEST(made.sites[1].absent[0].deploy_ms == 6000);
    BOOST_TEST(in_time(made, 20'000).sites[1].absent[0].deploy_ms == 3000);
    auto text = world_text();
    const auto at = text.find("until: 10s, ");
    BOOST_REQUIRE(at != text.npos);
    const auto wrong = parse_scenario(text.erase(at, 12));
    BOOST_REQUIRE(!wrong);
    BOOST_TEST(wrong.error().message.find("needs until") != std::string::npos);
  }

BOOST_AUTO_TEST_SUITE_END()
