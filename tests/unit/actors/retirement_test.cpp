#include "actors/link/retirement.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace std::chrono_literals;

namespace {

const time_point start = time_point{} + 1h;

wire::link_stats busy() {
  wire::link_stats made;
  made.running = 1;
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(retirement_test)

BOOST_AUTO_TEST_CASE(a_quiet_link_ends_after_a_while) {
  retirement retiring;
  BOOST_TEST(!retiring.due(start));
  retiring.begin(start);
  BOOST_TEST(!retiring.due(start));
  auto now = start;
  while (!retiring.over({}, now))
    now += retirement::period;
  BOOST_TEST((now - start == retirement::quiet_enough));
}

BOOST_AUTO_TEST_CASE(a_busy_link_is_waited_for_but_not_for_ever) {
  retirement retiring;
  retiring.begin(start);
  auto now = start + 3s;
  BOOST_TEST(!retiring.over(busy(), now));
  BOOST_TEST(!retiring.due(now));
  BOOST_TEST(retiring.due(now + retirement::period));
  BOOST_TEST(!retiring.over({}, now + retirement::quiet_enough - 1ms));
  BOOST_TEST(retiring.over({}, now + retirement::quiet_enough));
  BOOST_TEST(retiring.over(busy(), start + retirement::last_call));
}

BOOST_AUTO_TEST_SUITE_END()
