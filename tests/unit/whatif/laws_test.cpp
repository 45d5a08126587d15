// Fitted laws against those that a log was made with.
#include "libfaas/whatif/windows.hpp"
#include "tests/unit/whatif/builders.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace faas;
using namespace faas::whatif;

namespace {

const site_fit& only(const laws& of, size_t site) { return of.sites[site]; }

void within(double got, double right, double share, const char* what) {
  BOOST_TEST(std::abs(got - right) <= share * right,
             what << ": " << got << ", not " << right);
}

} // namespace

BOOST_AUTO_TEST_SUITE(laws_test)

BOOST_AUTO_TEST_CASE(lines_links_and_servers_are_found) {
  const auto known = fit(test::recorded(test::two_sites(), "jsq"));
  BOOST_REQUIRE(known);
  const auto &edge = only(*known, 0), &cloud = only(*known, 1);
  within(edge.service[0].line.slope, 30, 0.05, "edge per unit");
  within(edge.service[0].line.intercept, 12, 0.15, "edge fixed");
  within(cloud.service[0].line.at(1), 14, 0.05, "cloud at 1");
  within(edge.rtt_ms, 2, 0.05, "edge RTT");
  within(cloud.rtt_ms, 41, 0.05, "cloud RTT with the jitter");
  within(cloud.ms_per_byte, 1e-4, 0.1, "cloud per byte");
  BOOST_TEST(edge.servers == 2u);
  BOOST_TEST(edge.servers_known);
  BOOST_TEST(cloud.cold.load_ms == 0);
  BOOST_TEST(cloud.absent.empty());
}

BOOST_AUTO_TEST_CASE(drift_stays_where_it_was) {
  auto world = test::two_sites();
  world.sites[0].disturbance = sim::schedule{{{60'000, 2}, {120'000, 1}}};
  world.sites[1].link.rtt_factor = sim::schedule{{{100'000, 3}}};
  const auto known = fit(test::recorded(world, "round-robin"));
  BOOST_REQUIRE(known);
  const auto& edge = only(*known, 0);
  within(edge.level.at(90'000) / edge.level.at(30'000), 2, 0.25, "slow-down");
  within(edge.level.at(150'000) / edge.level.at(30'000), 1, 0.2, "after it");
  const auto& cloud = only(*known, 1);
  within(cloud.rtt_ms * cloud.rtt_level.at(150'500), 121, 0.1, "longer link");
  within(cloud.rtt_ms * cloud.rtt_level.at(50'500), 41, 0.1, "before");
}

BOOST_AUTO_TEST_CASE(gaps_are_bridged_by_what_was_said) {
  // Nothing was measured in windows 3 to 6, when a step by 1 was said.
  const auto course = [](double later, gap by) {
    windows all{8999, 1000};
    for (int i = 0; i < 9; ++i) {
      const double at = i * 1000 + 500.0;
      const bool measured = i < 3 || i > 6;
      for (int k = 0; k < 5 && measured; ++k)
        all.measured(at, i < 3 ? 0 : later);
      all.said(at, i < 3 ? 0 : i < 7 ? 1 : later);
    }
    auto made = all.course(by); // of ten windows, the last one is empty
    BOOST_TEST(std::abs(all.believed_share() - 0.5) < 0.001);
    return made;
  };
  const auto right = course(1, gap::said);
  for (size_t i = 3; i < 7; ++i)
    BOOST_TEST(right[i] == 1);
  // It had passed unseen: the belief counts less and less.
  const auto stale = course(0, gap::said);
  BOOST_TEST(std::abs(stale[3] - 0.8) < 1e-9);
  BOOST_TEST(std::abs(stale[6] - 0.2) < 1e-9);
  for (size_t i = 3; i < 7; ++i)
    BOOST_TEST(course(0, gap::typical)[i] == 0);
  BOOST_TEST(course(0, gap::said)[9] == 0);
}

BOOST_AUTO_TEST_CASE(cold_starts_and_absences_are_found) {
  auto world = test::two_sites(3, 400);
  world.sites[1].cold = {700, 2000};
  world.sites[0].absent.push_back({100'000, 140'000, false});
  const auto known = fit(test::recorded(world, "random"));
  BOOST_REQUIRE(known);
  within(only(*known, 1).cold.load_ms, 700, 0.01, "cold");
  within(only(*known, 1).cold.keep_ms, 2000, 0.2, "keep");
  BOOST_REQUIRE(only(*known, 0).absent.size() == 1u);
  within(only(*known, 0).absent[0].from, 100'000, 0.03, "away from");
  within(only(*known, 0).absent[0].until, 140'000, 0.03, "until");
}

BOOST_AUTO_TEST_CASE(servers_explain_the_waits) {
  random_source random{7};
  for (const size_t servers : {1, 3, 8}) {
    std::vector<visit> visits;
    std::vector<double> free(servers, 0);
    double now = 0;
    for (int i = 0; i < 4000; ++i) {
      now -= std::log(1 - random.uniform()) * 10 / static_cast<double>(servers)
             * 1.3;
      auto first = std::min_element(free.begin(), free.end());
      const auto begin = std::max(now, *first);
      const auto service = 10 * (0.5 + random.uniform());
      *first = begin + service;
      visits.push_back({now, service, begin - now});
    }
    const auto found = find_servers(visits);
    BOOST_TEST(found.servers == servers);
    BOOST_TEST(found.known);
    within(found.modelled_ms, found.waited_ms, 0.01, "waits");
  }
}

BOOST_AUTO_TEST_CASE(servers_are_open_when_nothing_waits) {
  std::vector<visit> visits;
  for (int i = 0; i < 1000; ++i)
    visits.push_back({i * 10.0, 15, 0.01});
  const auto found = find_servers(visits);
  BOOST_TEST(found.servers == 2u); // the most that ran at once
  BOOST_TEST(!found.known);
}

BOOST_AUTO_TEST_CASE(too_little_is_refused) {
  const auto few = fit(test::recorded(test::two_sites(40, 3), "jsq"));
  BOOST_REQUIRE(!few);
  BOOST_TEST(few.error().message.find("the least that tell")
             != std::string::npos);
  const auto from = test::recorded(test::two_sites(), "static:0");
  const auto one = fit(from);
  BOOST_REQUIRE(!one);
  BOOST_TEST(one.error().message.find("only 0 events ran at cloud/cpu")
             != std::string::npos);
  BOOST_TEST(one.error().next_step.find("--believe") != std::string::npos);
  fit_options without;
  without.dropped = {false, true};
  BOOST_TEST(bool(fit(from, without)));
  fit_options believing;
  believing.believe = true;
  const auto word = fit(from, believing);
  BOOST_REQUIRE(word);
  // Nothing was ever learned of the cloud: it is taken to be like its profile.
  BOOST_TEST(only(*word, 1).service[0].line.at(1) > 0);
  BOOST_TEST(only(*word, 1).believed_share > 0.9);
}

BOOST_AUTO_TEST_SUITE_END()
