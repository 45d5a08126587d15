#include "actors/functions/structure_builder.hpp"

#include "actors/functions/pending_host.hpp"
#include "tests/support/fake_host.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>

using namespace faas;
using namespace faas::actors;

namespace {

class silent_peer final : public peer {
public:
  explicit silent_peer(const std::string& of) { name = node_name{of}; }
  void send(std::vector<link_event>) override {}
  void probe(const version_ref&,
             std::function<void(const host_probe&)>) override {}
};

const version_ref f1{function_name{"f"}, 1};

known_state two_nodes() {
  auto view = std::make_shared<cluster_view>();
  for (const char* name : {"edge-1", "cloud-1"}) {
    node_record record;
    record.name = node_name{name};
    record.tier = name[0] == 'e' ? "edge" : "cloud";
    record.connected = true;
    view->nodes.push_back(record);
  }
  assigned_version assigned;
  assigned.version = f1;
  assigned.spec.name = f1.function;
  assigned.spec.petrel.concurrency = 4;
  assigned.spec.petrel.mode = trust_mode::threads;
  assigned.traffic = true;
  assigned.nodes = {node_name{"edge-1"}, node_name{"cloud-1"}};
  view->versions.push_back(assigned);
  placement remote;
  remote.version = f1;
  remote.status.node = node_name{"cloud-1"};
  remote.status.version = 1;
  remote.status.state = instance_state::ready;
  remote.status.slots = 3;
  remote.profile = {{1, 2.0}, {10, 5.0}};
  view->placements.push_back(remote);
  known_state known;
  known.self = node_name{"edge-1"};
  known.executors = 2;
  known.view = view;
  known.peers = {std::make_shared<silent_peer>("cloud-1")};
  known.hosts[f1] = std::make_shared<test::fake_host>();
  return known;
}

} // namespace

BOOST_AUTO_TEST_SUITE(structure_builder_test)

BOOST_AUTO_TEST_CASE(a_site_has_the_labels_of_its_node) {
  auto known = two_nodes();
  auto view = std::make_shared<cluster_view>(*known.view);
  view->nodes[1].labels = {{"site", "north"}};
  known.view = view;
  const auto made = build_structure(known);
  BOOST_REQUIRE_EQUAL(made.sites.size(), 2u);
  BOOST_TEST(made.sites[0].labels.empty());
  BOOST_TEST((made.sites[1].labels == view->nodes[1].labels));
}

BOOST_AUTO_TEST_CASE(worker_processes_do_not_share_executors) {
  auto known = two_nodes();
  auto view = std::make_shared<cluster_view>(*known.view);
  view->versions[0].spec.petrel.mode = trust_mode::isolated;
  known.view = view;
  const auto made = build_structure(known);
  BOOST_REQUIRE_EQUAL(made.functions.size(), 1u);
  const auto& targets = made.functions[0].targets;
  BOOST_TEST(targets[0].servers == 4);
  BOOST_TEST(targets[0].own_queue);
  BOOST_TEST(targets[1].own_queue);
}

BOOST_AUTO_TEST_CASE(functions_share_the_threads_of_a_node) {
  auto known = two_nodes();
  const auto with = [&](uint32_t threads, uint32_t slots) {
    auto view = std::make_shared<cluster_view>(*known.view);
    view->nodes[1].executors = threads;
    view->placements[0].status.slots = slots;
    known.view = view;
    return build_structure(known);
  };
  auto made = with(3, 3);
  BOOST_TEST(made.sites[0].servers == 2); // this node's own
  BOOST_TEST(made.sites[1].servers == 3);
  BOOST_TEST(!made.functions[0].targets[0].own_queue);
  BOOST_TEST(!made.functions[0].targets[1].own_queue);
  BOOST_TEST(made.functions[0].targets[0].threads == 2);
  BOOST_TEST(made.functions[0].targets[1].threads == 3);
  // Fewer instances than threads: its events wait for each other.
  made = with(8, 3);
  BOOST_TEST(made.sites[1].servers == 8);
  BOOST_TEST(made.functions[0].targets[1].own_queue);
  BOOST_TEST(made.functions[0].targets[1].servers == 3);
  BOOST_TEST(made.functions[0].targets[1].threads == 8);
  // A node that does not tell its threads.
  made = with(0, 3);
  BOOST_TEST(made.sites[1].servers == 1);
  BOOST_TEST(made.functions[0].targets[1].own_queue);
  BOOST_TEST(made.functions[0].targets[1].servers == 3);
}

BOOST_AUTO_TEST_CASE(what_a_site_says_of_loading_is_known) {
  auto known = two_nodes();
  const site_name cloud{"cloud-1/cpu"};
  const auto with = [&](string_map facts) {
    auto view = std::make_shared<cluster_view>(*known.view);
    view->placements[0].status.facts = std::move(facts);
    known.view = view;
    return build_structure(known).functions.at(0);
  };
  auto made = with({});
  BOOST_TEST(made.loads.at(cloud).load_ms == 0);
  BOOST_TEST(!made.loads.at(cloud).away);
  BOOST_TEST(!made.targets[1].cannot);
  made = with({{"load_ms", "130"}, {"in_memory", "no"}});
  BOOST_TEST(made.loads.at(cloud).load_ms == 130);
  BOOST_TEST(made.loads.at(cloud).away);
  BOOST_TEST(!made.targets[1].cannot);
  made = with({{"load_ms", "many"}, {"in_memory", "no: the disk is gone"}});
  BOOST_TEST(made.loads.at(cloud).load_ms == 0);
  BOOST_TEST(made.loads.at(cloud).cannot == "the disk is gone");
  BOOST_TEST(made.targets[1].cannot);
  BOOST_TEST(!made.targets[0].cannot);
  made = with({{"in_memory", "yes"}});
  BOOST_TEST(!made.loads.at(cloud).away);
}

BOOST_AUTO_TEST_CASE(how_a_site_joins_events_is_known) {
  auto known = two_nodes();
  const auto with = [&](string_map facts) {
    auto view = std::make_shared<cluster_view>(*known.view);
    view->placements[0].status.facts = std::move(facts);
    known.view = view;
    return build_structure(known).functions.at(0).targets.at(1).batches.terms;
  };
  BOOST_TEST(!with({}).batches());
  const auto told = with({{"batch_size", "16"}, {"batch_window_ms", "2.5"}});
  BOOST_TEST(told.most == 16);
  BOOST_TEST(told.window_ms == 2.5);
  BOOST_TEST(with({{"batch_size", "16"}, {"batch_window_ms", "0"}}).batches());
  // An older node, which does not tell what a batch took.
  BOOST_TEST(!with({{"batch_most", "16"}}).batches());
  BOOST_TEST(!with({{"batch_size", "1"}, {"batch_window_ms", "2"}}).batches());
  BOOST_TEST(!with({{"batch_size", "16"}}).batches());
  BOOST_TEST(!with({{"batch_size", "inf"}, {"batch_window_ms", "2"}}).batches());
  BOOST_TEST(!with({{"batch_size", "16"}, {"batch_window_ms", "nan"}}).batches());
}

BOOST_AUTO_TEST_CASE(local_host_and_ready_peer_are_sites) {
  const auto made = build_structure(two_nodes());
  BOOST_REQUIRE_EQUAL(made.functions.size(), 1u);
  const auto& targets = made.functions[0].targets;
  BOOST_REQUIRE_EQUAL(targets.size(), 2u);
  BOOST_TEST(targets[0].site.str() == "edge-1/cpu");
  BOOST_TEST(bool(targets[0].host));
  BOOST_TEST(targets[0].servers == 2); // four slots on two executors
  BOOST_TEST(targets[1].site.str() == "cloud-1/cpu");
  BOOST_TEST(targets[1].tier == "cloud");
  BOOST_TEST(bool(targets[1].via));
  BOOST_TEST(targets[1].servers == 3);
  BOOST_TEST(made.functions[0].profiles.at(targets[1].site).size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_gone_is_no_site) {
  auto known = two_nodes();
  known.peers.clear();
  const auto made = build_structure(known);
  BOOST_TEST(made.functions[0].targets.size() == 1u);
}

/// The view with another word on one node.
void change_view(known_state& known,
                 const std::function<void(cluster_view&)>& edit) {
  auto view = std::make_shared<cluster_view>(*known.view);
  edit(*view);
  known.view = view;
}

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

BOOST_AUTO_TEST_CASE(costs_are_those_of_each_nodes_labels) {
  auto known = two_nodes();
  change_view(known, [](cluster_view& view) {
    view.nodes[0].labels = {{"price_per_s", "0.5"}};
    view.nodes[1].labels = {
      {"price_per_s", "4"}, {"idle_watts", "50"}, {"busy_watts", "200"}};
  });
  auto made = build_structure(known).functions.at(0);
  BOOST_TEST((made.targets[0].costs == routing::site_costs{0.5, 0, 0}));
  BOOST_TEST((made.targets[1].costs == routing::site_costs{4, 50, 200}));
  // Of a node that let it pass.
  change_view(known, [](cluster_view& view) {
    view.nodes[1].labels["price_per_s"] = "4 EUR";
  });
  made = build_structure(known).functions.at(0);
  BOOST_TEST((made.targets[1].costs == routing::site_costs{0, 50, 200}));
}

BOOST_AUTO_TEST_CASE(a_cordoned_node_gets_no_events_of_others) {
  auto known = two_nodes();
  change_view(known, [](cluster_view& view) {
    view.nodes[1].duty = node_duty::cordoned;
  });
  auto made = build_structure(known);
  BOOST_REQUIRE_EQUAL(made.functions[0].targets.size(), 1u);
  BOOST_TEST(bool(made.functions[0].targets[0].host));
  known.hosts.clear();
  made = build_structure(known);
  BOOST_TEST(made.functions[0].targets.empty());
  BOOST_TEST(made.functions[0].why_empty
             == "cloud-1 takes no events of others: it is cordoned");
}

BOOST_AUTO_TEST_CASE(a_cordoned_node_goes_on_with_its_own_events) {
  auto known = two_nodes();
  change_view(known, [](cluster_view& view) {
    view.nodes[0].duty = node_duty::cordoned;
  });
  BOOST_TEST(build_structure(known).functions[0].targets.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_draining_node_gets_events_until_it_gives_a_version_up) {
  auto known = two_nodes();
  change_view(known, [](cluster_view& view) {
    view.nodes[1].duty = node_duty::draining;
  });
  BOOST_TEST(build_structure(known).functions[0].targets.size() == 2u);
  change_view(known, [](cluster_view& view) {
    view.versions[0].nodes.erase(node_name{"cloud-1"});
  });
  BOOST_TEST(build_structure(known).functions[0].targets.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_drained_node_sends_its_own_events_to_others) {
  auto known = two_nodes();
  change_view(known, [](cluster_view& view) {
    view.nodes[0].duty = node_duty::draining;
    view.versions[0].nodes.erase(node_name{"edge-1"});
  });
  auto made = build_structure(known);
  BOOST_REQUIRE_EQUAL(made.functions[0].targets.size(), 1u);
  BOOST_TEST(bool(made.functions[0].targets[0].via));
  BOOST_TEST(made.hosts.count(f1) == 1u); // for what is on its way
  known.peers.clear(); // nobody else is there: better here than nowhere
  made = build_structure(known);
  BOOST_REQUIRE_EQUAL(made.functions[0].targets.size(), 1u);
  BOOST_TEST(bool(made.functions[0].targets[0].host));
}

BOOST_AUTO_TEST_CASE(without_any_site_the_reasons_are_told) {
  auto known = two_nodes();
  known.hosts.clear();
  known.peers.clear();
  placement own;
  own.version = f1;
  own.status.node = known.self;
  own.status.state = instance_state::failed;
  own.status.reason = "bad_bundle: no such file";
  known.own[f1] = own;
  const auto made = build_structure(known);
  BOOST_TEST(made.functions[0].targets.empty());
  BOOST_TEST(made.functions[0].why_empty
             == "edge-1: bad_bundle: no such file");
}

BOOST_AUTO_TEST_CASE(a_function_that_no_node_may_run_says_so) {
  auto known = two_nodes();
  auto view = std::make_shared<cluster_view>(*known.view);
  view->versions[0].nodes.clear();
  view->placements.clear();
  known.view = view;
  known.hosts.clear();
  const auto made = build_structure(known);
  BOOST_TEST(made.functions[0].why_empty
             == "no connected node meets its needs");
}

BOOST_AUTO_TEST_CASE(versions_without_traffic_are_hosts_but_no_routes) {
  auto known = two_nodes();
  auto view = std::make_shared<cluster_view>(*known.view);
  view->versions[0].traffic = false;
  known.view = view;
  const auto made = build_structure(known);
  BOOST_TEST(made.functions.empty());
  BOOST_TEST(made.hosts.count(f1) == 1u);
}

BOOST_AUTO_TEST_CASE(other_versions_that_run_come_with_the_one_in_service) {
  auto known = two_nodes();
  auto view = std::make_shared<cluster_view>(*known.view);
  auto other = view->versions[0];
  other.version.version = 2;
  other.traffic = false;
  other.weight = 5;
  other.watched = true;
  other.aliases = {"next"};
  view->versions.push_back(other);
  known.view = view;
  const auto made = build_structure(known);
  BOOST_REQUIRE_EQUAL(made.functions.size(), 2u);
  BOOST_TEST(made.functions[0].in_service);
  BOOST_TEST(!made.functions[1].in_service);
  BOOST_TEST(made.functions[1].weight == 5u);
  BOOST_TEST(made.functions[1].watched);
  BOOST_TEST(made.functions[1].aliases.size() == 1u);
  BOOST_TEST(made.functions[1].targets.empty()); // it is ready nowhere
}

BOOST_AUTO_TEST_CASE(before_the_first_view_there_is_nothing) {
  known_state known;
  BOOST_TEST(build_structure(known).functions.empty());
}

BOOST_AUTO_TEST_SUITE_END()
