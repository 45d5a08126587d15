#include "actors/predictor/probe_turns.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace std::chrono_literals;

namespace {

time_point at(duration since) {
  return time_point{} + 1h + since;
}

} // namespace

BOOST_AUTO_TEST_SUITE(probe_turns_test)

BOOST_AUTO_TEST_CASE(it_takes_a_twentieth_of_the_time_at_most) {
  probe_turns turns;
  turns.begin(at(0s), 5);
  BOOST_TEST(!turns.due(at(1999ms)));
  BOOST_TEST(turns.end(at(100ms), 5));
  BOOST_TEST(!turns.due(at(2099ms)));
  BOOST_TEST(turns.due(at(2100ms)));
}

BOOST_AUTO_TEST_CASE(one_that_is_lost_is_given_up) {
  probe_turns turns;
  turns.begin(at(0s), 5);
  BOOST_TEST(turns.due(at(2s)));
}

BOOST_AUTO_TEST_CASE(what_shared_the_cpu_with_events_says_nothing) {
  probe_turns turns;
  turns.begin(at(0s), 5);
  BOOST_TEST(!turns.end(at(1ms), 6));            // one came and went
  BOOST_TEST(!turns.end(at(1ms), std::nullopt)); // one runs
  BOOST_TEST(turns.end(at(1ms), 5));
}

BOOST_AUTO_TEST_SUITE_END()
