// What-if against the truth: the simulator's own play of the changed world.
#include "tests/unit/whatif/builders.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace faas;
using namespace faas::whatif;

namespace {

constexpr double mean_bound = 0.06, tail_bound = 0.15; ///< relative

answer ask(const recording& from, const change& asked,
           const std::string& policy = {}) {
  fit_options how;
  how.dropped = asked.dropped;
  const auto known = fit_both(from, how);
  BOOST_REQUIRE_MESSAGE(bool(known), (known ? "" : known.error().to_string()));
  const auto found = what_if(from, *known, asked, {policy}, {20'000, 6, 1});
  BOOST_REQUIRE_MESSAGE(bool(found), (found ? "" : found.error().to_string()));
  return found->answers.front();
}

/// Mean within 6 %, the others within 15 %.
void near(const answer& got, const figures& really, const char* what) {
  for (size_t k = 0; k < really.size(); ++k) {
    const auto off = got.would_be[k].mean / really[k] - 1;
    BOOST_TEST_MESSAGE(what << ' ' << figure_names[k] << ": " << really[k]
                            << ", said " << got.would_be[k].mean << " ["
                            << got.would_be[k].low << ", "
                            << got.would_be[k].high << "]");
    BOOST_TEST(std::abs(off) < (k == 0 ? mean_bound : tail_bound),
               what << ' ' << figure_names[k] << " is off by " << off);
  }
}

change with_rate(double rate) {
  change made;
  made.rate = rate;
  return made;
}

/// A log in which both sites are well known.
const recording& log_of_two() {
  static const auto made = test::recorded(test::two_sites(), "jsq");
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(what_if_test)

BOOST_AUTO_TEST_CASE(the_world_as_it_was_is_played_as_it_was) {
  const auto& from = log_of_two();
  const auto known = fit_both(from);
  BOOST_REQUIRE(known);
  const auto found = what_if(from, *known, {}, {""}, {20'000, 4, 1});
  BOOST_REQUIRE(found);
  for (size_t k = 0; k < figure_names.size(); ++k)
    BOOST_TEST(found->own.off[k] < 0.03, figure_names[k]
                                           << " " << found->own.off[k]);
}

BOOST_AUTO_TEST_CASE(more_events_than_one_site_could_take) {
  const auto got = ask(log_of_two(), with_rate(2.5));
  const auto really = test::truth(test::two_sites(100), "jsq");
  near(got, really, "rate x2.5");
  BOOST_TEST(std::abs(got.events_per_second - 100) < 4);
  // The change is larger than what `near` lets pass.
  const auto before = test::truth(test::two_sites(), "jsq");
  BOOST_TEST(really[0] > (1 + 1.5 * mean_bound) * before[0]);
}

BOOST_AUTO_TEST_CASE(half_as_many_events) {
  const auto got = ask(log_of_two(), with_rate(0.5));
  near(got, test::truth(test::two_sites(20), "jsq"), "rate x0.5");
  BOOST_TEST(std::abs(got.events_per_second - 20) < 1);
}

BOOST_AUTO_TEST_CASE(another_policy) {
  near(ask(log_of_two(), {}, "min-latency"),
       test::truth(test::two_sites(), "min-latency"), "min-latency");
}

BOOST_AUTO_TEST_CASE(a_site_is_dropped) {
  auto world = test::two_sites();
  world.sites.erase(world.sites.begin());
  change asked;
  asked.dropped = {true, false};
  near(ask(log_of_two(), asked), test::truth(world, "jsq"), "no edge");
}

BOOST_AUTO_TEST_CASE(a_site_is_added) {
  auto world = test::two_sites();
  world.sites.push_back(world.sites.front());
  world.sites.back().slowdown = 1.5;
  world.sites.back().link.rtt_ms = 12;
  world.sites.back().name = "new";
  change asked;
  asked.added.push_back({"new", 0, 2, 10, 0});
  near(ask(log_of_two(), asked), test::truth(world, "jsq"), "one more");
}

BOOST_AUTO_TEST_CASE(a_site_is_slower_and_a_link_longer) {
  auto world = test::two_sites();
  world.sites[0].slowdown *= 1.5;
  world.sites[1].link.rtt_ms += 30;
  change asked;
  asked.slowed.push_back({0, 1.5});
  asked.links.push_back({1, 1, 30});
  near(ask(log_of_two(), asked, "min-latency"),
       test::truth(world, "min-latency"), "slower, farther");
}

BOOST_AUTO_TEST_CASE(a_link_is_cut_for_a_time) {
  auto world = test::two_sites();
  world.sites[1].absent.push_back({60'000, 90'000, true});
  change asked;
  asked.cuts.push_back({1, 60'000, 90'000});
  const auto got = ask(log_of_two(), asked);
  // A queue that grows for half a minute hangs on the very arrivals: the log's.
  near(got, test::truth(world, "jsq", 1, 1), "cut");
  BOOST_TEST(got.again > 0);
}

BOOST_AUTO_TEST_CASE(a_third_of_the_events_is_enough) {
  const auto from = test::recorded(test::two_sites(40, 400), "jsq", 3, 0.3);
  BOOST_TEST(from.sampled);
  BOOST_TEST(static_cast<double>(from.events.size()) < 0.4 * 16'000);
  const auto got = ask(from, {});
  BOOST_TEST(std::abs(got.events_per_second - 40) < 2);
  near(got, test::truth(test::two_sites(), "jsq"), "from a sample");
  const auto whole = ask(log_of_two(), {});
  for (size_t k = 0; k < figure_names.size(); ++k)
    BOOST_TEST(got.would_be[k].high / got.would_be[k].low
               > whole.would_be[k].high / whole.would_be[k].low);
}

BOOST_AUTO_TEST_CASE(the_interval_is_open_where_the_log_does_not_tell) {
  // min-latency leaves the slow edge for the cloud; how the edge would take
  // more is hardly in its log.
  auto world = test::two_sites(10, 120);
  world.sites[0].slowdown = 8;
  const auto from = test::recorded(world, "min-latency:explore=0.05", 2);
  fit_options how;
  how.believe = true;
  const auto known = fit_both(from, how);
  BOOST_REQUIRE(known);
  BOOST_TEST(!known->first.sites[1].servers_known);
  const auto found
    = what_if(from, *known, with_rate(16), {""}, {12'000, 4, 1});
  BOOST_REQUIRE(found);
  const auto& mean = found->answers.front().would_be[0];
  BOOST_TEST(mean.high / mean.low > 1.5);
}

BOOST_AUTO_TEST_CASE(the_same_seed_says_the_same) {
  const auto a = ask(log_of_two(), with_rate(1.3));
  const auto b = ask(log_of_two(), with_rate(1.3));
  for (size_t k = 0; k < figure_names.size(); ++k)
    BOOST_TEST(a.would_be[k].mean == b.would_be[k].mean);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_played_is_refused) {
  const auto& from = log_of_two();
  const auto known = fit_both(from);
  BOOST_REQUIRE(known);
  change nothing_left;
  nothing_left.dropped = {true, true};
  const auto none = what_if(from, *known, nothing_left, {""}, {0, 2, 1});
  BOOST_REQUIRE(!none);
  BOOST_TEST(none.error().message == "no site is left");
  const auto unknown = what_if(from, *known, {}, {"best"}, {0, 2, 1});
  BOOST_REQUIRE(!unknown);
  BOOST_TEST(unknown.error().message.find("best") != std::string::npos);
  const auto mars = what_if(from, *known, {}, {"static:mars"}, {0, 2, 1});
  BOOST_REQUIRE(!mars);
  BOOST_TEST(mars.error().message.find("mars") != std::string::npos);
  const auto late = what_if(from, *known, {}, {""}, {1e9, 2, 1});
  BOOST_REQUIRE(!late);
  BOOST_TEST(late.error().message.find("warm-up") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
