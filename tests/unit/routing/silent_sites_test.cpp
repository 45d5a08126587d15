#include "libfaas/routing/silent_sites.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::routing;
using namespace std::chrono_literals;

namespace {

constexpr site_index here{0}, there{7};

time_point at(duration since) {
  return time_point{} + 1h + since;
}

} // namespace

BOOST_AUTO_TEST_SUITE(silent_sites_test)

BOOST_AUTO_TEST_CASE(only_while_events_go_elsewhere) {
  silent_sites sites;
  BOOST_TEST(!sites.due(here, at(0s))); // no event ever
  sites.event(there, at(0s));
  BOOST_TEST(sites.due(here, at(0s)));
  sites.event(here, at(1s));
  BOOST_TEST(!sites.due(here, at(1499ms)));
  BOOST_TEST(sites.due(there, at(1499ms)));
  BOOST_TEST(sites.due(here, at(1500ms)));
  BOOST_TEST(sites.due(here, at(31s)));
  BOOST_TEST(!sites.due(here, at(31s + 1ms)));
  sites.event(there, at(20s)); // an old report changes nothing
  sites.event(here, at(500ms));
  BOOST_TEST(sites.due(here, at(1500ms)));
  BOOST_TEST(!sites.due(there, at(50s + 1ms)));
}

BOOST_AUTO_TEST_CASE(a_site_that_was_asked_is_left_alone_for_a_while) {
  silent_sites sites;
  sites.event(there, at(0s));
  sites.asked(here, at(1s));
  BOOST_TEST(!sites.due(here, at(1499ms)));
  BOOST_TEST(sites.due(here, at(1500ms)));
  BOOST_TEST(sites.due(there, at(1s)));
}

BOOST_AUTO_TEST_CASE(only_the_first_answer_to_a_question_counts) {
  silent_sites sites;
  BOOST_TEST(!sites.answered(there));
  sites.asked(there, at(0s));
  sites.asked(there, at(1s));
  BOOST_TEST(!sites.answered(here));
  BOOST_TEST(sites.answered(there));
  BOOST_TEST(!sites.answered(there));
}

BOOST_AUTO_TEST_CASE(events_that_went_nowhere_are_no_news) {
  silent_sites sites;
  sites.event(no_site, at(0s));
  BOOST_TEST(!sites.due(here, at(0s)));
}

BOOST_AUTO_TEST_SUITE_END()
