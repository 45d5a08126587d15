#include "actors/predictor/cpu_speed.hpp"
#include "libfaas/routing/silent_sites.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace std::chrono_literals;

namespace {

time_point at(duration since) {
  return time_point{} + 1h + since;
}

struct node {
  int probes = 0;
  std::vector<double> told;
  cpu_speed speed{[this] { ++probes; }};

  cpu_speed::answer asker() {
    return [this](double slowdown) { told.push_back(slowdown); };
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(cpu_speed_test)

BOOST_FIXTURE_TEST_CASE(one_probe_answers_all_who_ask, node) {
  speed.tell(asker(), at(0s), 5);
  speed.tell(asker(), at(1ms), 5);
  BOOST_TEST(probes == 1);
  BOOST_TEST(told.empty());
  BOOST_TEST(speed.measured(2.5, at(10ms), 5));
  BOOST_TEST((told == std::vector{2.5, 2.5}));
}

BOOST_FIXTURE_TEST_CASE(what_is_known_is_not_measured_again, node) {
  speed.want(at(0s), 5);
  BOOST_TEST(speed.measured(2, at(10ms), 5));
  speed.tell(asker(), at(209ms), 5);
  BOOST_TEST((told == std::vector{2.0}));
  BOOST_TEST(probes == 1);
  speed.tell(asker(), at(210ms), 5);
  BOOST_TEST(told.size() == 1u);
  BOOST_TEST(probes == 2);
}

/// The same one told twice would count as two.
BOOST_FIXTURE_TEST_CASE(who_asks_steadily_hears_of_each_probe_once, node) {
  for (int i = 0; i < 50; ++i) {
    const auto asked = at(i * routing::silent_sites::rest);
    speed.tell(asker(), asked, 5);
    BOOST_TEST(probes == i + 1);
    speed.measured(1 + i, asked + 20ms, 5);
  }
  for (int i = 0; i < 50; ++i)
    BOOST_TEST(told[i] == 1 + i);
}

BOOST_FIXTURE_TEST_CASE(a_node_that_runs_events_is_not_probed, node) {
  speed.want(at(0s), std::nullopt);
  speed.tell(asker(), at(0s), std::nullopt);
  BOOST_TEST(probes == 0);
}

BOOST_FIXTURE_TEST_CASE(a_probe_beside_an_event_answers_nobody, node) {
  speed.tell(asker(), at(0s), 5);
  BOOST_TEST(!speed.measured(9, at(10ms), 6));
  speed.tell(asker(), at(400ms), 6); // and is forgotten
  BOOST_TEST(told.empty());
  BOOST_TEST(probes == 2);
  BOOST_TEST(speed.measured(1.5, at(410ms), 6));
  BOOST_TEST((told == std::vector{1.5})); // the first one asks again
}

BOOST_FIXTURE_TEST_CASE(probes_take_a_small_share_of_the_time, node) {
  speed.want(at(0s), 5);
  BOOST_TEST(speed.measured(1, at(50ms), 5));
  speed.want(at(1s), 5);
  BOOST_TEST(probes == 1);
  speed.want(at(1050ms), 5);
  BOOST_TEST(probes == 2);
}

BOOST_FIXTURE_TEST_CASE(askers_do_not_pile_up, node) {
  for (size_t i = 0; i < 2 * cpu_speed::most_waiting; ++i)
    speed.tell(asker(), at(0s), 5);
  BOOST_TEST(speed.measured(1, at(10ms), 5));
  BOOST_TEST(told.size() == cpu_speed::most_waiting);
}

BOOST_AUTO_TEST_CASE(a_node_that_does_not_probe_answers_nobody) {
  cpu_speed none;
  none.want(at(0s), 5);
  none.tell([](double) { BOOST_ERROR("answered"); }, at(0s), 5);
}

BOOST_AUTO_TEST_SUITE_END()
