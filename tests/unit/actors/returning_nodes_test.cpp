#include "actors/predictor/returning_nodes.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;

namespace {

const node_name a{"a"}, b{"b"};
const boot_id first{"1"}, second{"2"};
using names = std::vector<node_name>;

} // namespace

BOOST_AUTO_TEST_SUITE(returning_nodes_test)

BOOST_AUTO_TEST_CASE(one_that_comes_has_not_returned) {
  returning_nodes nodes;
  BOOST_TEST(nodes.look({}).empty());
  BOOST_TEST(nodes.look({{a, {first}}}).empty());
  BOOST_TEST(nodes.look({{a, {first}}, {b, {first}}}).empty());
}

/// Its link is there before it may be used.
BOOST_AUTO_TEST_CASE(one_that_could_not_be_used_yet_has_not_returned) {
  returning_nodes nodes;
  BOOST_TEST(nodes.look({{a, {first, false}}}).empty());
  BOOST_TEST(nodes.look({{a, {first}}}).empty());
}

BOOST_AUTO_TEST_CASE(one_without_a_link_is_gone) {
  returning_nodes nodes;
  nodes.look({{a, {first}}, {b, {first}}});
  BOOST_TEST(nodes.look({{b, {first}}}).empty());
  BOOST_TEST((nodes.look({{a, {first}}, {b, {first}}}) == names{a}));
  BOOST_TEST(nodes.look({{a, {first}}, {b, {first}}}).empty()); // told once
}

BOOST_AUTO_TEST_CASE(one_that_is_silent_is_gone) {
  returning_nodes nodes;
  nodes.look({{a, {first}}});
  BOOST_TEST(nodes.look({{a, {first, false}}}).empty());
  BOOST_TEST((nodes.look({{a, {first}}}) == names{a}));
}

BOOST_AUTO_TEST_CASE(one_that_is_back_but_silent_is_still_gone) {
  returning_nodes nodes;
  nodes.look({{a, {first}}});
  nodes.look({});
  BOOST_TEST(nodes.look({{a, {second, false}}}).empty());
  BOOST_TEST((nodes.look({{a, {second}}}) == names{a}));
  BOOST_TEST(nodes.look({{a, {second}}}).empty());
}

BOOST_AUTO_TEST_CASE(another_process_has_returned_although_nobody_saw_it_gone) {
  returning_nodes nodes;
  nodes.look({{a, {first}}, {b, {first}}});
  BOOST_TEST((nodes.look({{a, {second}}, {b, {first}}}) == names{a}));
  BOOST_TEST(nodes.look({{a, {second}}, {b, {first}}}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
