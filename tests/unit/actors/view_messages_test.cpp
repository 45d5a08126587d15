// A view for nodes of this protocol and of the one before.
#include "actors/link/view_messages.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;

namespace {

const node_name edge{"edge-1"}, cloud{"cloud-1"};

/// "f" on both nodes; the cloud is cordoned.
cluster_view view_with(node_duty duty) {
  cluster_view view;
  view.at = {"h", 4};
  for (const auto& name : {edge, cloud}) {
    node_record node;
    node.name = name;
    node.connected = true;
    view.nodes.push_back(node);
    placement at;
    at.version = {function_name{"f"}, 1};
    at.status.node = name;
    at.status.version = 1;
    at.status.state = instance_state::ready;
    view.placements.push_back(at);
  }
  view.nodes[1].duty = duty;
  view.nodes[1].note = "why";
  view.nodes[1].executors = 6;
  assigned_version one;
  one.version = {function_name{"f"}, 1};
  one.spec.name = one.version.function;
  one.spec.petrel.artifact = "f.so";
  one.traffic = true;
  one.nodes = {edge, cloud};
  view.versions.push_back(one);
  return view;
}

/// As the other node puts it together.
cluster_view there(const cluster_view& view, uint32_t protocol) {
  view_assembler assembler;
  for (const auto& what : to_messages(view, protocol)) {
    if (const auto* nodes = std::get_if<wire::node_report>(&what))
      assembler.take(*nodes);
    if (const auto* placed = std::get_if<wire::placement_report>(&what))
      assembler.take(*placed);
    if (const auto* all = std::get_if<wire::assignments>(&what)) {
      auto made = assembler.take(*all);
      BOOST_REQUIRE(made);
      return *made;
    }
  }
  BOOST_FAIL("no assignments");
  return {};
}

} // namespace

BOOST_AUTO_TEST_SUITE(view_messages_test)

BOOST_AUTO_TEST_CASE(what_is_wanted_of_instances_travels) {
  auto view = view_with(node_duty::active);
  BOOST_TEST(!there(view, 2).versions[0].scale);
  BOOST_TEST(there(view, 2).versions[0].held.empty());
  view.versions[0].scale = scale_rule{0, 7}; // none is a number, too
  view.versions[0].held = {cloud};
  const auto got = there(view, 2).versions[0];
  BOOST_TEST((got.scale == scale_rule{0, 7}));
  BOOST_TEST((got.held == std::set<node_name>{cloud}));
}

BOOST_AUTO_TEST_CASE(duties_travel_since_protocol_2) {
  const auto got = there(view_with(node_duty::cordoned), 2);
  BOOST_REQUIRE_EQUAL(got.nodes.size(), 2u);
  BOOST_TEST((got.nodes[1].duty == node_duty::cordoned));
  BOOST_TEST(got.nodes[1].note == "why");
  BOOST_TEST(got.nodes[0].executors == 0u);
  BOOST_TEST(got.nodes[1].executors == 6u);
  BOOST_TEST(got.placements.size() == 2u);
  BOOST_TEST(got.versions[0].nodes.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_node_of_protocol_1_is_not_told_where_nothing_may_go) {
  const auto got = there(view_with(node_duty::cordoned), 1);
  BOOST_TEST((got.nodes[1].duty == node_duty::active));
  BOOST_TEST(got.nodes[1].note.empty());
  BOOST_REQUIRE_EQUAL(got.placements.size(), 1u);
  BOOST_TEST(got.placements[0].status.node.str() == "edge-1");
  // A version that a draining node has given up is not told of either.
  auto view = view_with(node_duty::draining);
  BOOST_TEST(there(view, 1).placements.size() == 2u);
  view.versions[0].nodes.erase(cloud);
  BOOST_TEST(there(view, 1).placements.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
