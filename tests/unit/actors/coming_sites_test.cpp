// Sites that a version is being brought to.
#include "actors/functions/pending_host.hpp"
#include "tests/unit/actors/two_nodes.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;

namespace {

/// Of a third node that the version is being brought to, with these facts.
void bring_to_third(known_state& known, string_map facts,
                    instance_state state = instance_state::pulling) {
  change_view(known, [&](cluster_view& view) {
    node_record record;
    record.name = node_name{"edge-2"};
    record.tier = "edge";
    record.connected = true;
    view.nodes.push_back(record);
    view.versions[0].nodes.insert(record.name);
    placement coming;
    coming.version = f1;
    coming.status.node = record.name;
    coming.status.version = 1;
    coming.status.state = state;
    coming.status.facts = std::move(facts);
    view.placements.push_back(coming);
  });
  known.peers.push_back(std::make_shared<silent_peer>("edge-2"));
}

const string_map half_way{
  {"pull_got", "500"}, {"pull_left", "500"}, {"pull_ms", "80"}};

} // namespace

BOOST_AUTO_TEST_SUITE(coming_sites_test)

BOOST_AUTO_TEST_CASE(a_node_that_gets_it_and_says_how_far_is_a_site) {
  auto known = two_nodes();
  bring_to_third(known, half_way);
  const auto made = build_structure(known).functions.at(0);
  BOOST_REQUIRE_EQUAL(made.targets.size(), 3u);
  const auto& coming = made.targets[2];
  BOOST_TEST(coming.site.str() == "edge-2/cpu");
  BOOST_TEST(coming.deploying);
  BOOST_TEST(coming.servers == 1); // nobody says more
  BOOST_TEST(coming.tier == "edge");
  BOOST_TEST(made.deploying.at(coming.site).pull.left == 500);
  BOOST_TEST(!made.targets[0].deploying);
  BOOST_TEST(!made.targets[1].deploying);
  BOOST_TEST(made.deploying.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_site_to_be_has_the_servers_that_its_node_will_have) {
  auto known = two_nodes();
  bring_to_third(known, half_way);
  const auto servers = [&] {
    return build_structure(known).functions.at(0).targets.at(2).servers;
  };
  change_view(known, [](cluster_view& view) { view.nodes[2].executors = 3; });
  BOOST_TEST(servers() == 3); // of four slots
  change_view(known, [](cluster_view& view) {
    view.placements[1].status.slots = 2;
  });
  BOOST_TEST(servers() == 2);
}

BOOST_AUTO_TEST_CASE(who_does_not_say_how_far_or_has_failed_is_none) {
  for (const auto state : {instance_state::pending, instance_state::failed,
                           instance_state::quarantined,
                           instance_state::draining}) {
    auto known = two_nodes();
    bring_to_third(known, half_way, state);
    BOOST_TEST(build_structure(known).functions[0].targets.size() == 2u);
  }
  auto old = two_nodes(); // a node of the version before
  bring_to_third(old, {});
  BOOST_TEST(build_structure(old).functions[0].targets.size() == 2u);
}

BOOST_AUTO_TEST_CASE(nor_where_no_site_is_ready) {
  auto known = two_nodes();
  bring_to_third(known, half_way);
  known.hosts.clear();
  change_view(known, [](cluster_view& view) {
    view.placements[0].status.state = instance_state::failed;
    view.placements[0].status.reason = "it is broken";
  });
  const auto made = build_structure(known).functions.at(0);
  BOOST_TEST(made.targets.empty());
  BOOST_TEST(made.why_empty == "cloud-1: it is broken; edge-2 is pulling");
}

BOOST_AUTO_TEST_CASE(nor_while_a_rollout_compares) {
  auto known = two_nodes();
  bring_to_third(known, half_way);
  change_view(known, [](cluster_view& view) {
    view.versions[0].watched = true;
  });
  BOOST_TEST(build_structure(known).functions[0].targets.size() == 2u);
}

BOOST_AUTO_TEST_CASE(nor_a_cordoned_node) {
  auto known = two_nodes();
  bring_to_third(known, half_way);
  change_view(known, [](cluster_view& view) {
    view.nodes.back().duty = node_duty::cordoned;
  });
  BOOST_TEST(build_structure(known).functions[0].targets.size() == 2u);
}

BOOST_AUTO_TEST_CASE(this_node_is_a_site_while_it_gets_it) {
  auto known = two_nodes();
  known.hosts.clear();
  struct still final : clock_source {
    time_point now() const noexcept override { return {}; }
    wall_time wall() const noexcept override { return {}; }
  } clock;
  known.pending[f1] = std::make_shared<pending_host>(
    f1, clock, std::make_shared<waiting_room>());
  auto& own = known.own[f1];
  own.version = f1;
  own.status.node = known.self;
  own.status.state = instance_state::loading;
  BOOST_TEST(build_structure(known).functions[0].targets.size() == 1u);
  own.status.facts = {{"loading_ms", "40"}};
  auto made = build_structure(known);
  BOOST_REQUIRE_EQUAL(made.functions[0].targets.size(), 2u);
  const auto& coming = made.functions[0].targets[1];
  BOOST_TEST(coming.deploying);
  BOOST_TEST((coming.host == known.pending.at(f1)));
  BOOST_TEST((made.hosts.at(f1) == coming.host)); // others' events find it
  BOOST_TEST(*made.functions[0].deploying.at(coming.site).loading_ms == 40);
  change_view(known, [](cluster_view& view) {
    view.placements[0].status.state = instance_state::loading;
  });
  made = build_structure(known);
  BOOST_TEST(made.functions[0].targets.empty());
  BOOST_TEST(made.hosts.empty());
}

BOOST_AUTO_TEST_CASE(how_a_bundle_came_is_known) {
  auto known = two_nodes();
  change_view(known, [](cluster_view& view) {
    view.placements[0].status.facts
      = {{"pull_got", "900"}, {"pull_left", "0"}, {"pull_ms", "70"}};
  });
  const auto loads
    = build_structure(known).functions[0].loads.at(site_name{"cloud-1/cpu"});
  BOOST_TEST(loads.pull_bytes == 900);
  BOOST_TEST(loads.pull_ms == 70);
}

BOOST_AUTO_TEST_SUITE_END()
