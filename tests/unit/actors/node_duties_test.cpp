// Nodes that are cordoned, drained and removed, as the controller decides it.
#include "actors/control/controller_core.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;

namespace {

using what = node_command::what;
const node_name edge{"edge-1"}, cloud{"cloud-1"}, third{"cloud-2"};

struct world {
  controller_core core{catalog_state{}};
  int requests = 0;

  world() {
    see("edge-1", "edge");
    see("cloud-1", "cloud");
  }
  void see(const std::string& name, const std::string& tier) {
    node_record node;
    node.name = node_name{name};
    node.tier = tier;
    node.runtimes = {"native"};
    core.node_seen(std::move(node));
  }
  void deploy(const std::string& name, uint8_t content = 1,
              std::vector<std::string> tiers = {}) {
    deploy_command command;
    command.id = request_id{"r" + std::to_string(++requests)};
    command.spec.name = function_name{name};
    command.spec.petrel.artifact = "f.so";
    command.spec.petrel.needs.tiers = std::move(tiers);
    command.spec.petrel.policy = policy;
    command.bundle.bytes[0] = content;
    auto change = plan(core.catalog(), command, {});
    BOOST_REQUIRE(change);
    core.apply(*change);
  }
  /// Version 1 of each function, in a state, as one node reports it.
  void report(const node_name& node, std::vector<std::string> functions,
              instance_state state = instance_state::ready,
              uint32_t version = 1) {
    std::vector<placement> all;
    for (const auto& function : functions) {
      placement made;
      made.version = {function_name{function}, version};
      made.status.node = node;
      made.status.version = version;
      made.status.state = state;
      all.push_back(made);
    }
    core.reported(node, std::move(all));
  }
  /// As the actor does it, with a book that never fails.
  errc steer(what wanted, const node_name& node, bool force = false) {
    auto entry = core.planned({node, wanted, force});
    if (!entry)
      return entry.error().code;
    if (wanted == what::remove)
      core.forget(node);
    else
      core.set_duty(node, *entry);
    return errc::ok;
  }
  std::set<node_name> nodes_of(const std::string& function,
                               uint32_t version = 1) const {
    for (const auto& one : core.view().versions)
      if (one.version == version_ref{function_name{function}, version})
        return one.nodes;
    return {};
  }
  std::string policy = "min-latency";
};

using names = std::set<node_name>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(node_duties_test, world)

BOOST_AUTO_TEST_CASE(a_cordoned_node_keeps_what_it_has_and_gets_nothing_new) {
  deploy("f");
  report(edge, {"f"});
  BOOST_TEST((steer(what::cordon, edge) == errc::ok));
  deploy("g");
  deploy("f", 2);
  BOOST_TEST((nodes_of("f") == names{edge, cloud}));
  BOOST_TEST((nodes_of("f", 2) == names{cloud}));
  BOOST_TEST((nodes_of("g") == names{cloud}));
  const auto status = core.describe(function_name{"g"});
  bool told = false;
  for (const auto& at : status->placements)
    told = told || at.reason == "not a candidate: the node is cordoned";
  BOOST_TEST(told);
  BOOST_TEST((steer(what::uncordon, edge) == errc::ok));
  BOOST_TEST((nodes_of("g") == names{edge, cloud}));
}

BOOST_AUTO_TEST_CASE(what_a_node_keeps_outlives_the_controller) {
  deploy("f");
  steer(what::cordon, edge);
  node_entries kept;
  const auto entry = core.planned({edge, what::cordon, false});
  BOOST_REQUIRE(entry);
  kept[edge] = *entry;
  controller_core again{core.catalog(), kept};
  node_record node;
  node.name = edge;
  node.runtimes = {"native"};
  again.node_seen(node); // and it has not reported yet
  BOOST_REQUIRE_EQUAL(again.view().versions.size(), 1u);
  BOOST_TEST(again.view().versions[0].nodes.contains(edge));
  BOOST_TEST((again.standing(edge).duty == node_duty::cordoned));
}

BOOST_AUTO_TEST_CASE(a_drain_waits_until_another_node_is_ready) {
  deploy("f");
  report(edge, {"f"});
  report(cloud, {"f"}, instance_state::loading);
  BOOST_TEST((steer(what::drain, edge) == errc::ok));
  BOOST_TEST((nodes_of("f") == names{edge, cloud}));
  BOOST_TEST(core.standing(edge).note
             == "waits for another node to have f:1 ready");
  report(cloud, {"f"});
  BOOST_TEST((nodes_of("f") == names{cloud}));
  BOOST_TEST(core.standing(edge).note == "its last events end");
  BOOST_TEST(core.run_dry().empty());
  report(edge, {"f"}, instance_state::draining);
  BOOST_TEST(core.run_dry().empty());
  report(edge, {});
  BOOST_TEST((core.run_dry() == std::vector{edge}));
  core.set_duty(edge, {node_duty::drained, {}});
  BOOST_TEST((core.standing(edge).duty == node_duty::drained));
  deploy("g");
  BOOST_TEST((nodes_of("g") == names{cloud}));
}

BOOST_AUTO_TEST_CASE(a_version_that_failed_elsewhere_stays) {
  deploy("f");
  report(edge, {"f"});
  report(cloud, {"f"}, instance_state::failed);
  steer(what::drain, edge);
  BOOST_TEST(nodes_of("f").contains(edge));
}

BOOST_AUTO_TEST_CASE(a_version_that_may_run_nowhere_else_stays) {
  deploy("f", 1, {"edge"});
  deploy("g");
  report(edge, {"f", "g"});
  report(cloud, {"g"});
  steer(what::drain, edge);
  BOOST_TEST((nodes_of("f") == names{edge}));
  BOOST_TEST((nodes_of("g") == names{cloud}));
  BOOST_TEST(core.standing(edge).note
             == "waits for another node to have f:1 ready");
  see("edge-2", "edge");
  report(node_name{"edge-2"}, {"f"});
  BOOST_TEST((nodes_of("f") == names{node_name{"edge-2"}}));
}

BOOST_AUTO_TEST_CASE(a_site_that_a_policy_names_is_not_given_up) {
  policy = "static:edge-1/cpu";
  deploy("f");
  report(edge, {"f"});
  report(cloud, {"f"});
  steer(what::drain, edge);
  BOOST_TEST(nodes_of("f").contains(edge));
}

BOOST_AUTO_TEST_CASE(neither_cordoned_nor_draining_nodes_count_as_others) {
  see("cloud-2", "cloud");
  deploy("f");
  for (const auto& node : {edge, cloud, third})
    report(node, {"f"});
  steer(what::cordon, cloud);
  steer(what::drain, third);
  BOOST_TEST((nodes_of("f") == names{edge, cloud})); // edge has it
  steer(what::drain, edge);
  BOOST_TEST(nodes_of("f").contains(edge)); // nobody else takes events
  steer(what::uncordon, cloud);
  BOOST_TEST((nodes_of("f") == names{cloud}));
}

BOOST_AUTO_TEST_CASE(it_comes_back_when_the_others_die_before_it_has_gone) {
  deploy("f");
  report(edge, {"f"});
  report(cloud, {"f"});
  steer(what::drain, edge);
  BOOST_TEST((nodes_of("f") == names{cloud}));
  core.node_left(cloud);
  BOOST_TEST((nodes_of("f") == names{edge}));
  see("cloud-1", "cloud");
  report(cloud, {"f"});
  report(edge, {});
  core.node_left(cloud); // now it is too late
  BOOST_TEST(nodes_of("f").empty());
}

BOOST_AUTO_TEST_CASE(a_draining_node_that_restarts_keeps_what_it_must) {
  deploy("f", 1, {"edge"});
  report(edge, {"f"});
  steer(what::drain, edge);
  core.node_left(edge);
  BOOST_TEST(core.standing(edge).note == "goes on when the node is back");
  BOOST_TEST(core.run_dry().empty());
  see("edge-1", "edge");
  BOOST_TEST((nodes_of("f") == names{edge}));
  BOOST_TEST(core.run_dry().empty()); // it has not reported yet
}

BOOST_AUTO_TEST_CASE(a_removed_function_holds_up_no_drain) {
  deploy("f", 1, {"edge"});
  report(edge, {"f"});
  steer(what::drain, edge);
  auto gone = plan(core.catalog(),
                   remove_command{request_id{"x"}, function_name{"f"}, ""});
  BOOST_REQUIRE(gone);
  core.apply(*gone);
  report(edge, {});
  BOOST_TEST((core.run_dry() == std::vector{edge}));
}

BOOST_AUTO_TEST_CASE(a_node_without_functions_is_drained_at_once) {
  BOOST_TEST((steer(what::drain, edge) == errc::ok));
  BOOST_TEST((core.standing(edge).duty == node_duty::drained));
  BOOST_TEST((steer(what::drain, edge) == errc::ok)); // again: no change
  BOOST_TEST((core.standing(edge).duty == node_duty::drained));
}

BOOST_AUTO_TEST_CASE(a_node_that_serves_is_removed_by_force_only) {
  deploy("f");
  report(edge, {"f"});
  BOOST_TEST((steer(what::remove, edge) == errc::conflict));
  BOOST_TEST((steer(what::remove, edge, true) == errc::ok));
  BOOST_TEST((nodes_of("f") == names{cloud}));
  BOOST_TEST(core.view().nodes.size() == 1u);
  report(edge, {"f"}); // its link ends a moment later
  BOOST_TEST(core.view().placements.empty());
  core.node_left(edge);
  BOOST_TEST(core.view().nodes.size() == 1u);
}

BOOST_AUTO_TEST_CASE(one_that_is_away_or_drained_is_removed_at_once) {
  core.node_left(edge);
  BOOST_TEST((steer(what::remove, edge) == errc::ok));
  steer(what::drain, cloud);
  BOOST_TEST((steer(what::remove, cloud) == errc::ok));
}

BOOST_AUTO_TEST_CASE(an_unknown_node_is_told_so) {
  const node_name nobody{"nobody"};
  for (const auto wanted : {what::cordon, what::uncordon, what::drain})
    BOOST_TEST((steer(wanted, nobody) == errc::not_found));
}

BOOST_AUTO_TEST_CASE(traffic_moves_without_the_nodes_that_get_nothing_new) {
  deploy("f");
  report(edge, {"f"});
  report(cloud, {"f"});
  steer(what::cordon, edge);
  deploy("f", 2);
  report(cloud, {"f"}, instance_state::ready, 2);
  for (const auto& one : core.view().versions)
    BOOST_TEST((!one.traffic || one.version.version == 2u));
}

BOOST_AUTO_TEST_CASE(the_note_names_a_few) {
  std::set<version_ref> all;
  BOOST_TEST(waits_for(all).empty());
  for (const char* name : {"a", "b", "c", "d", "e"})
    all.insert({function_name{name}, 7});
  BOOST_TEST(waits_for(all)
             == "waits for another node to have a:7, b:7, c:7 and 2 more "
                "ready");
}

BOOST_AUTO_TEST_SUITE_END()
