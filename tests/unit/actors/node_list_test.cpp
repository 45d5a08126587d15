#include "actors/link/node_list.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;

namespace {

wire::hello hello_of(const std::string& name) {
  wire::hello made;
  made.node = node_name{name};
  made.tier = "edge";
  return made;
}

node_record record_of(const std::string& name, node_duty duty) {
  node_record made;
  made.name = node_name{name};
  made.tier = "edge";
  made.duty = duty;
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(node_list_test)

BOOST_AUTO_TEST_CASE(a_lost_node_is_listed_until_it_is_back_or_removed) {
  node_list list;
  list.lost(hello_of("a"));
  list.lost(hello_of("b"));
  BOOST_REQUIRE_EQUAL(list.away({}).size(), 2u);
  BOOST_TEST((list.away({})[0].state == node_state::lost));
  list.connected(node_name{"a"});
  BOOST_TEST(list.away({}).size() == 1u);
  list.told({record_of("a", node_duty::active)}); // b is not there any more
  BOOST_TEST(list.away({}).empty());
}

BOOST_AUTO_TEST_CASE(duties_and_notes_come_from_the_controller) {
  node_list list;
  auto draining = record_of("a", node_duty::draining);
  draining.note = "waits";
  list.told({draining, record_of("b", node_duty::active)});
  node_status status;
  status.name = node_name{"a"};
  list.complete(status);
  BOOST_TEST((status.duty == node_duty::draining));
  BOOST_TEST(status.note == "waits");
  status = {};
  status.name = node_name{"nobody"};
  list.complete(status);
  BOOST_TEST((status.duty == node_duty::active));
}

BOOST_AUTO_TEST_CASE(a_node_that_is_away_shows_what_is_wanted_of_it) {
  node_list list;
  list.told({record_of("a", node_duty::cordoned),
             record_of("b", node_duty::active)});
  const auto away = list.away({});
  BOOST_REQUIRE_EQUAL(away.size(), 1u);
  BOOST_TEST(away[0].name.str() == "a");
  BOOST_TEST((away[0].state == node_state::lost));
  BOOST_TEST((away[0].duty == node_duty::cordoned));
  BOOST_TEST(list.away(away).empty()); // listed already
}

BOOST_AUTO_TEST_SUITE_END()
