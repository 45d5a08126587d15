// The predictor's actor: what it makes of structures and reports.
#include "tests/actor/predictor/predictor_rig.hpp"

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(predictor_actor_test, predictor_rig)

BOOST_AUTO_TEST_CASE(a_trial_run_is_what_a_new_function_begins_with) {
  publish({version(1, 1, 10)});
  BOOST_CHECK_CLOSE(service(1, there, 10), 100, 10);
  BOOST_CHECK_CLOSE(service(1, there, 100), 1000, 10);
}

BOOST_AUTO_TEST_CASE(a_trial_run_is_used_once) {
  publish({version(1, 1, 10)});
  teach(1, there, 300);
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 5);
  publish({version(1, 1, 10)});
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 5);
}

/// Only the manifest's routing changed: the trial run of the new version is of
/// the same code, and less than what events have told.
BOOST_AUTO_TEST_CASE(the_same_work_keeps_what_was_learned) {
  publish({version(1, 1, 10)});
  teach(1, there, 300);
  auto next = version(2, 1, 10);
  next.spec.petrel.policy = "round-robin";
  publish({next});
  BOOST_CHECK_CLOSE(service(2, there, 10), 300, 5);
}

BOOST_AUTO_TEST_CASE(other_code_is_judged_by_its_own_trial_run) {
  publish({version(1, 1, 10)});
  const auto before = service(1, there, 10);
  auto second = version(2, 2, 40);
  second.profiles[here] = {{50, 85}}; // one sample event
  publish({second});
  BOOST_CHECK_CLOSE(service(2, there, 10), 4 * before, 10);
  BOOST_CHECK_CLOSE(service(2, here, 50), 85, 1);
}

/// Both versions run; the one that goes leaves what it has learned at a site
/// that the other one has not been to.
BOOST_AUTO_TEST_CASE(a_version_that_goes_bequeaths_what_it_learned) {
  auto first = version(1, 1, 10), second = version(2, 1, 10);
  second.spec.petrel.policy = "round-robin";
  const auto both = second.targets;
  second.targets.pop_back(); // only here
  second.in_service = false;
  publish({first, second});
  teach(1, there, 300);
  second.in_service = true;
  second.targets = both;
  publish({second});
  BOOST_CHECK_CLOSE(service(2, there, 10), 300, 5);
}

BOOST_AUTO_TEST_CASE(what_a_site_says_of_loading_is_heeded) {
  auto made = version(1, 1, 10);
  made.loads[there] = {800, true, {}};
  publish({made});
  const auto now_ms = to_ms(clock.now().time_since_epoch());
  auto belief = target(1, there).cell->read();
  BOOST_TEST(belief.warm_until_ms < now_ms);
  BOOST_TEST(belief.cold_charge_ms > 100);
  made.loads[there].away = false;
  publish({made});
  BOOST_TEST(target(1, there).cell->read().warm_until_ms > now_ms);
}

/// Keep-alives tell of a link that no event has crossed; behind own bytes they can
/// only bound it.
BOOST_AUTO_TEST_CASE(pings_tell_of_the_link_to_their_node) {
  publish({version(1, 1, 10)});
  const auto trip = [&](const site_name& site) {
    return target(1, site).cell->read().rtt_ms;
  };
  const auto ping = [&](const char* node, double ms, bool alone = true) {
    for (int i = 0; i < 20; ++i)
      caf::anon_send(actor, make_local(ping_seen{node_name{node}, ms, alone}));
    caf::anon_send(actor, make_local(loop_report{})); // shown with the next one
    settle();
  };
  const double before = trip(there), at_home = trip(here);
  ping("cloud-1", before + 300, false);
  BOOST_TEST(trip(there) == before);
  ping("cloud-1", 80);
  BOOST_CHECK_CLOSE(trip(there), 80, 5);
  BOOST_TEST(trip(here) == at_home);
  ping("nobody", 900);
  BOOST_CHECK_CLOSE(trip(there), 80, 5);
}

BOOST_AUTO_TEST_CASE(routes_know_needs_and_what_nodes_say) {
  auto one = version(1, 1, 2);
  one.spec.petrel.needs.labels = {{"site", "north"}};
  one.targets[1].batches.terms = {8, 3}; // it joins events
  publish({one}, {{"site", "north"}});
  const auto* of = route_of(board, 1);
  BOOST_REQUIRE(of != nullptr);
  BOOST_TEST((of->needs == one.spec.petrel.needs));
  BOOST_TEST(actors::allows(of->needs, target(1, there)));
  BOOST_TEST(!actors::allows(of->needs, target(1, here)));
  BOOST_TEST((target(1, here).joins() == nullptr));
  const auto& joins = target(1, there);
  BOOST_TEST((joins.batches.open == &joins.load->open()));
  publish({one}, {{"site", "south"}}); // it has come back as another one
  BOOST_TEST(!actors::allows(one.spec.petrel.needs, target(1, there)));
}

BOOST_AUTO_TEST_CASE(a_version_with_needs_keeps_its_share_without_a_site) {
  const auto share = [&](bool confined) {
    auto other = version(2, 2, 2);
    other.in_service = false;
    other.weight = 30;
    other.targets.clear();
    if (confined)
      other.spec.petrel.needs.tiers = {"edge"};
    publish({version(1, 1, 2), other});
    return route_of(board, 2)->weight;
  };
  BOOST_TEST(share(false) == 0u); // all of its events are version 1's
  BOOST_TEST(share(true) == 30u); // they are not
}

BOOST_AUTO_TEST_CASE(a_function_that_is_gone_has_no_route) {
  publish({version(1, 1, 10)});
  publish({});
  BOOST_TEST(board.table()->routes.empty());
  std::optional<error> why;
  caf::anon_send(
    actor, make_local(sites_call{
             f, 1, once<std::vector<site_status>>{
                     [&](result<std::vector<site_status>> all) {
                       BOOST_REQUIRE(!all);
                       why = all.error();
                     }}}));
  settle();
  BOOST_REQUIRE(why);
  BOOST_TEST((why->code == errc::not_found));
}

BOOST_AUTO_TEST_SUITE_END()
