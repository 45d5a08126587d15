#include "tests/actor/functions/agent_world.hpp"

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(agent_test, agent_world)

  BOOST_AUTO_TEST_CASE(it_takes_the_build_for_its_machine) {
    platform_build newest{"linux", "x86_64", "x86-64-v4", {}, "a.so", {}, {}};
    platform_build fits{"linux", "x86_64", "x86-64-v3", {}, "b.so", {}, {}};
    newest.bundle.emplace().bytes[0] = 4;
    fits.bundle.emplace().bytes[0] = 3;
    view(1, {{"f", 1, true, {newest, fits}}, {"g"}});
    std::set<digest> asked;
    for (const auto& need : script.asked)
      asked.insert(need.bundle);
    BOOST_TEST((asked == std::set<digest>{*fits.bundle, digest{}}));
    BOOST_TEST((script.in_use == std::set<digest>{*fits.bundle, digest{}}));
    view(2, {{"g"}});
    advance(3s);
    for (const auto& host : hosts.hosts)
      host->end_close();
    settle();
    BOOST_TEST((script.in_use == std::set<digest>{digest{}}));
  }

  BOOST_AUTO_TEST_CASE(a_version_without_a_build_for_it_fails_and_says_so) {
    view(1, {{"f", 1, true, {{"linux", "aarch64", "", {}, "a.so", {}, {}}}}});
    BOOST_REQUIRE((reported && reported->placements.size() == 1));
    const auto& status = reported->placements[0].status;
    BOOST_TEST((status.state == instance_state::failed));
    BOOST_TEST(status.reason.find("no build for linux/x86_64")
               != std::string::npos);
    BOOST_TEST(script.asked.empty());
  }

  BOOST_AUTO_TEST_CASE(it_runs_what_it_is_assigned_and_nothing_else) {
    view(1, {{"f"}, {"g", 1, false}});
    BOOST_TEST(functions_alive() == 1u);
    BOOST_TEST((serving() == std::set{ref("f")}));
    BOOST_REQUIRE(reported);
    BOOST_TEST(reported->node.str() == me.str());
    BOOST_REQUIRE_EQUAL(reported->placements.size(), 1u);
    BOOST_TEST((reported->placements[0].status.state == instance_state::ready));
    BOOST_TEST(*settled);
  }

  BOOST_AUTO_TEST_CASE(it_follows_the_leader_of_the_highest_term) {
    view(5, {{"f"}}, "h", 7);
    BOOST_TEST((serving() == std::set{ref("f")}));
    view(9, {{"g"}}, "h", 6); // a former leader's, which has just woken up
    advance(3s);
    BOOST_TEST((serving() == std::set{ref("f")}));
    view(4, {{"g"}}, "h", 8); // its store lost a change
    advance(3s);
    BOOST_TEST((serving() == std::set{ref("f")}));
    view(5, {{"g"}}, "h", 8);
    advance(3s);
    BOOST_TEST((serving() == std::set{ref("g")}));
    view(3, {{"f"}}, "other", 8); // does not know g: see view_follower
    advance(3s);
    BOOST_TEST((serving() == std::set{ref("f"), ref("g")}));
    view(9, {}, "h", 7);
    advance(3s);
    BOOST_TEST((serving() == std::set{ref("f"), ref("g")}));
  }

  BOOST_AUTO_TEST_CASE(a_leader_that_does_not_know_this_node_yet_stops_nothing) {
    view(5, {{"f"}}, "h", 7);
    view(5, {{"f", 1, false}}, "h", 8, false);
    advance(10s);
    BOOST_TEST((serving() == std::set{ref("f")}));
    view(6, {{"f", 1, false}}, "h", 8);
    advance(10s);
    BOOST_TEST(serving().empty());
  }

  BOOST_AUTO_TEST_CASE(nothing_is_said_to_be_ready_before_events_reach_it) {
    routing.at_once = false;
    view(1, {{"f"}});
    BOOST_TEST((serving() == std::set{ref("f")}));
    BOOST_TEST(!reported);
    BOOST_TEST(!settled.has_value());
    for (const auto& fresh : routing.got)
      if (fresh.published)
        fresh.published();
    BOOST_REQUIRE(reported);
    BOOST_TEST((reported->placements[0].status.state == instance_state::ready));
    BOOST_TEST(settled.value_or(false));
  }

  BOOST_AUTO_TEST_CASE(the_same_view_again_changes_nothing) {
    view(1, {{"f"}});
    view(1, {{"f"}});
    BOOST_TEST(hosts.requests.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(hosts_hear_what_is_wanted_of_their_instances) {
    view(1, {{"f", 1, true, {}, scale_rule{2, 1}}, {"g"}});
    BOOST_REQUIRE_EQUAL(hosts.requests.size(), 2u);
    const auto f = host_of("f"), g = host_of("g");
    BOOST_TEST((hosts.requests[f].scale == scale_order{2, 1, false}));
    BOOST_TEST((hosts.requests[g].scale == scale_order{}));
    view(2, {{"f", 1, true, {}, scale_rule{0, 2}, true}, {"g"}});
    view(2, {{"f", 1, true, {}, scale_rule{0, 2}, true}, {"g"}});
    BOOST_REQUIRE_EQUAL(hosts.hosts[f]->orders.size(), 1u); // once
    BOOST_TEST((hosts.hosts[f]->orders[0] == scale_order{0, 2, true}));
    BOOST_TEST(hosts.hosts[g]->orders.empty());
    view(3, {{"f"}, {"g"}});
    BOOST_REQUIRE_EQUAL(hosts.hosts[f]->orders.size(), 2u);
    BOOST_TEST((hosts.hosts[f]->orders[1] == scale_order{}));
  }

  BOOST_AUTO_TEST_CASE(the_load_of_what_may_leave_is_told_each_second) {
    view(1, {{"f", 1, true, {}, scale_rule{0, 1}}, {"g"}});
    const auto f = host_of("f"), g = host_of("g");
    hosts.hosts[g]->busy = host_load{9, 1ms, 1, 1, 1}; // it stays anyway
    advance(3s, 1s);
    BOOST_TEST(loads.empty()); // nothing to say
    hosts.hosts[f]->busy = host_load{2.5, 40ms, 3, 2, 4};
    advance(2s, 1s);
    BOOST_REQUIRE_EQUAL(loads.size(), 2u);
    BOOST_TEST((loads[0].versions
                == std::vector{wire::version_load{ref("f"), 2.5, 40ms, 3, 2, 4}}));
    view(2, {{"f", 1, true, {}, scale_rule{1, 2}}, {"g"}});
    advance(3s, 1s);
    BOOST_TEST(loads.size() == 2u);
  }

  BOOST_AUTO_TEST_CASE(an_overtaken_view_is_ignored) {
    view(5, {{"f"}});
    view(4, {});
    BOOST_TEST(functions_alive() == 1u);
    view(1, {}, "another history"); // a restored catalog is followed
    advance(2s);
    BOOST_TEST((serving() == std::set{ref("f")})); // and takes nothing away
    BOOST_REQUIRE_EQUAL(log.size(), 1u);
    BOOST_TEST(log[0].find("kept: f") != std::string::npos);
    view(2, {{"f", 1, false}}, "another history");
    advance(2s);
    BOOST_TEST(functions_alive() == 0u);
  }

  BOOST_AUTO_TEST_CASE(another_bundle_under_the_same_number_is_another_version) {
    view(1, {{"f"}});
    content = 9;
    view(1, {{"f"}}, "another history");
    BOOST_TEST(hosts.requests.size() == 1u); // the old one first
    advance(2s);
    BOOST_REQUIRE_EQUAL(hosts.requests.size(), 2u);
    BOOST_TEST(hosts.requests[1].bundle.bytes[0] == 9);
    BOOST_TEST((serving() == std::set{ref("f")}));
    BOOST_TEST(functions_alive() == 1u);
  }

  BOOST_AUTO_TEST_CASE(it_begins_with_what_it_had_before_a_restart) {
    view(7, {{"f"}, {"g"}});
    const auto last = shared;
    stop(agent);
    for (const auto& host : hosts.hosts)
      host->end_close();
    settle();
    reported = nullptr;
    start(last);
    BOOST_TEST((serving() == std::set{ref("f"), ref("g")}));
    BOOST_REQUIRE(reported);
    BOOST_TEST(settled.value_or(false));
    view(8, {{"f"}, {"h"}});
    advance(2s);
    BOOST_TEST((serving() == std::set{ref("f"), ref("h")}));
  }

  BOOST_AUTO_TEST_CASE(a_view_that_does_not_know_the_node_takes_nothing_away) {
    view(1, {{"f"}});
    auto strange = std::make_shared<cluster_view>(*shared);
    strange->nodes.clear();
    strange->versions[0].nodes.clear();
    caf::anon_send(agent, local<cluster_view>{strange});
    advance(5s);
    BOOST_TEST((serving() == std::set{ref("f")}));
  }

  BOOST_AUTO_TEST_CASE(what_it_goes_by_is_kept_before_a_bundle_is_asked_for) {
    view(3, {{"f"}});
    BOOST_REQUIRE_EQUAL(script.order.size(), 2u);
    BOOST_TEST(script.order[0] == "keep 3");
    BOOST_TEST(script.order[1] == "need");
    view(2, {{"g"}}); // refused
    BOOST_TEST(script.order.size() == 2u);
  }

  BOOST_AUTO_TEST_CASE(a_node_without_functions_reports_so_once) {
    view(1, {});
    BOOST_REQUIRE(reported);
    BOOST_TEST(reported->placements.empty());
    reported = nullptr;
    view(2, {});
    BOOST_TEST(!reported);
  }

  BOOST_AUTO_TEST_CASE(
    the_old_version_serves_until_the_new_one_has_the_traffic) {
    view(1, {{"f", 1}});
    view(2, {{"f", 1}, {"f", 2}});
    BOOST_TEST((serving() == std::set{ref("f", 1), ref("f", 2)}));
    hosts.hosts[0]->close_at_once = false;
    view(3, {{"f", 2}});
    advance(1900ms); // other nodes may not have heard of it yet
    BOOST_TEST((serving() == std::set{ref("f", 1), ref("f", 2)}));
    BOOST_TEST(!hosts.hosts[0]->on_closed);
    advance(100ms);
    BOOST_TEST((serving() == std::set{ref("f", 2)})); // while 1 drains
    BOOST_TEST(functions_alive() == 2u);
    hosts.hosts[0]->end_close();
    settle();
    BOOST_TEST(functions_alive() == 1u);
  }

  BOOST_AUTO_TEST_CASE(a_host_leaves_the_structure_before_it_closes) {
    view(1, {{"f"}});
    hosts.hosts[0]->close_at_once = false;
    view(2, {});
    advance(2s);
    BOOST_TEST(serving().empty());
    BOOST_REQUIRE(hosts.hosts[0]->on_closed);
    hosts.hosts[0]->end_close();
    settle();
  }

  BOOST_AUTO_TEST_CASE(a_version_wanted_again_while_it_drains_comes_back) {
    view(1, {{"f"}});
    hosts.hosts[0]->close_at_once = false;
    view(2, {});
    advance(2s);
    view(3, {{"f"}});
    BOOST_TEST(hosts.requests.size() == 1u); // the old one first
    hosts.hosts[0]->end_close();
    settle();
    BOOST_TEST(hosts.requests.size() == 2u);
    BOOST_TEST((serving() == std::set{ref("f")}));
    BOOST_TEST(counters.of(actor_kind::function).restarts == 0u);
  }

  BOOST_AUTO_TEST_CASE(a_version_wanted_again_before_it_drains_just_stays) {
    view(1, {{"f"}});
    view(2, {});
    advance(1s);
    view(3, {{"f"}});
    advance(5s);
    BOOST_TEST(hosts.requests.size() == 1u);
    BOOST_TEST((serving() == std::set{ref("f")}));
  }

  BOOST_AUTO_TEST_CASE(a_version_without_a_host_is_not_waited_for) {
    hosts.load_at_once = false;
    view(1, {{"f"}});
    view(2, {});
    BOOST_TEST(functions_alive() == 0u);
  }

  BOOST_AUTO_TEST_CASE(a_function_actor_that_dies_is_started_again) {
    int opened = 0;
    hosts.fault = [&] {
      ++opened;
      throw std::runtime_error("on purpose");
    };
    view(1, {{"f"}});
    BOOST_TEST(opened == 1);
    view(2, {{"f"}}); // no reason for haste
    BOOST_TEST(opened == 1);
    advance(100ms);
    BOOST_TEST(opened == 2);
    advance(5min, 100ms);
    BOOST_TEST(opened > 8);
    BOOST_TEST(opened < 25); // with back-off
    BOOST_TEST(counters.of(actor_kind::function).restarts
               == uint64_t(opened - 1));
    hosts.fault = nullptr;
    advance(31s, 100ms);
    BOOST_TEST((serving() == std::set{ref("f")}));
  }

  BOOST_AUTO_TEST_CASE(a_failed_function_is_settled_a_loading_one_is_not) {
    hosts.load_at_once = false;
    view(1, {{"f"}});
    BOOST_TEST(!*settled);
    hosts.events[0].loaded(error{errc::bad_bundle, "no table"});
    settle();
    BOOST_TEST(*settled);
    BOOST_TEST(serving().empty());
  }

  BOOST_AUTO_TEST_CASE(a_node_without_assignments_is_settled) {
    view(1, {{"f", 1, false}});
    BOOST_REQUIRE(settled);
    BOOST_TEST(*settled);
  }

  BOOST_AUTO_TEST_CASE(a_view_that_does_not_know_the_node_settles_nothing) {
    caf::anon_send(agent, make_local(cluster_view{}));
    settle();
    BOOST_TEST(!settled);
  }

  BOOST_AUTO_TEST_CASE(exit_closes_all_and_ends_after_the_last) {
    view(1, {{"f"}, {"g"}});
    for (auto& host : hosts.hosts)
      host->close_at_once = false;
    caf::anon_send_exit(agent, caf::exit_reason::user_shutdown);
    settle();
    BOOST_TEST(serving().empty());
    BOOST_TEST(counters.of(actor_kind::agent).alive == 1u);
    view(2, {{"h"}}); // too late
    hosts.hosts[0]->end_close();
    settle();
    BOOST_TEST(counters.of(actor_kind::agent).alive == 1u);
    hosts.hosts[1]->end_close();
    settle();
    BOOST_TEST(counters.of(actor_kind::agent).alive == 0u);
    BOOST_TEST(hosts.requests.size() == 2u);
  }

  BOOST_AUTO_TEST_CASE(killed_it_leaves_no_function_actor) {
    view(1, {{"f"}});
    hosts.hosts[0]->close_at_once = false;
    caf::anon_send_exit(agent, caf::exit_reason::kill);
    settle();
    BOOST_TEST(functions_alive() == 0u);
  }

  BOOST_AUTO_TEST_CASE(exit_without_functions_ends_at_once) {
    stop(agent);
    BOOST_TEST(counters.of(actor_kind::agent).alive == 0u);
  }

  BOOST_AUTO_TEST_SUITE_END()
