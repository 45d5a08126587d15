#include "libfaas/scaling/spread.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::scaling;
using namespace std::chrono_literals;

namespace {

struct spread_fixture {
  spread it{{.hold = 20s}};
  time_point now = time_point{} + 1h;
  std::vector<spread_node> nodes{
    {node_name{"a"}, 4}, {node_name{"b"}, 4}, {node_name{"c"}, 4}};

  /// All events at one node, 100 ms each.
  spread_choice with(double rate, size_t at = 0) {
    for (auto& each : nodes)
      each.rate = 0;
    nodes[at].rate = rate;
    nodes[at].service = 100ms;
    return it.decide(now, nodes);
  }
};

std::set<node_name> names(std::initializer_list<const char*> all) {
  std::set<node_name> made;
  for (const auto* one : all)
    made.insert(node_name{one});
  return made;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(spread_test, spread_fixture)

  BOOST_AUTO_TEST_CASE(without_events_nothing_is_held) {
    const auto got = it.decide(now, nodes);
    BOOST_TEST(got.held.empty());
    BOOST_TEST(got.instances == 0u);
    BOOST_TEST(got.why.empty());
    BOOST_TEST(it.decide(now, {}).held.empty());
  }

  BOOST_AUTO_TEST_CASE(one_node_that_is_enough_keeps_itself) {
    const auto got = with(28); // 2.8 Erlang / 0.7
    BOOST_TEST(got.held.empty());
    BOOST_TEST(got.instances == 4u);
    BOOST_TEST(got.why
               == "one node is enough: 28.0 events/s of 100.0 ms need 4 "
                  "instances");
  }

  BOOST_AUTO_TEST_CASE(as_many_nodes_as_the_load_needs_at_once) {
    BOOST_TEST((with(29).held == names({"a", "b"}))); // before it is full
    const auto got = with(70);
    BOOST_TEST((got.held == names({"a", "b", "c"})));
    BOOST_TEST(got.instances == 10u);
    BOOST_TEST(got.why
               == "held on a, b, c: 70.0 events/s of 100.0 ms need 10 "
                  "instances, a can have 4");
    BOOST_TEST(with(10'000).instances == 12u); // there are no more
  }

  BOOST_AUTO_TEST_CASE(fewer_after_the_hold_time) {
    BOOST_TEST(with(70).held.size() == 3u);
    now += 10s;
    BOOST_TEST(with(29).held.size() == 3u);
    now += 9s;
    const auto still = with(1);
    BOOST_TEST(still.held.size() == 3u);
    BOOST_TEST(still.why.find("10 instances were needed within the last 20 s")
               != std::string::npos);
    now += 2s;
    BOOST_TEST((with(1).held == names({"a", "b"})));
    now += 10s;
    BOOST_TEST(with(1).held.empty());
  }

  BOOST_AUTO_TEST_CASE(all_arrivals_count_together) {
    for (auto& each : nodes) {
      each.rate = 12; // each node alone has enough
      each.service = 100ms;
    }
    BOOST_TEST(it.decide(now, nodes).held.size() == 2u);
  }

  BOOST_AUTO_TEST_CASE(where_events_are_comes_first_then_the_quicker_ones) {
    BOOST_TEST((with(29, 2).held == names({"a", "c"})));
    spread other{{.hold = 20s}};
    nodes[0].service = 300ms;
    nodes[1].service = 200ms;
    BOOST_TEST((other.decide(now, nodes).held == names({"b", "c"})));
  }

  BOOST_AUTO_TEST_CASE(what_is_held_stays_where_it_is) {
    nodes[1].slots = 3;
    BOOST_TEST((with(29).held == names({"a", "c"}))); // more slots
    nodes[1].slots = 9;
    BOOST_TEST((with(29).held == names({"a", "c"})));
    nodes.pop_back(); // c does not fit any more, or is away
    BOOST_TEST((with(29).held == names({"a", "b"})));
  }

  BOOST_AUTO_TEST_CASE(a_wait_that_is_still_good_decides_when_one_is_named) {
    spread strict{{.target_wait = 1ms, .hold = 20s}};
    nodes[0].rate = 20; // 2 Erlang: 4 instances wait 9 ms, 6 less than 1
    nodes[0].service = 100ms;
    BOOST_TEST(it.decide(now, nodes).held.empty());
    BOOST_TEST(strict.decide(now, nodes).held.size() == 2u);
  }

  BOOST_AUTO_TEST_CASE(a_clock_that_goes_back_changes_nothing) {
    BOOST_TEST(with(70).held.size() == 3u);
    now -= 1min;
    BOOST_TEST(with(1).held.size() == 3u);
  }

  BOOST_AUTO_TEST_SUITE_END()
