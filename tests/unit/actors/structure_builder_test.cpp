#include "tests/unit/actors/two_nodes.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;

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
  known.own[f1].status.slots = 3; // so many threads wait for processes
  BOOST_TEST(build_structure(known).functions[0].targets[0].servers == 3);
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
  // No more than it may have, whatever the node says.
  made = with(8, 1'000'000);
  BOOST_TEST(made.functions[0].targets[1].servers
             == known.view->versions[0].spec.petrel.concurrency);
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
