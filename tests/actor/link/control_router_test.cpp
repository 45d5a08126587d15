// Whose assignments reach the agent, and what a controller does beside that.
#include "actors/link/control_router.hpp"
#include "tests/actor/functions/fake_keeper.hpp"
#include "tests/support/actor_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/typed_event_based_actor.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;

namespace {

const node_name one{"n1"}, two{"n2"}, edge{"edge-1"};

agent_actor spawn_fake_agent(caf::actor_system& system,
                             std::vector<local<cluster_view>>& got) {
  return system.spawn([&got]() -> agent_actor::behavior_type {
    return {
      [&got](const local<cluster_view>& view) { got.push_back(view); },
      [](const local<placement_changed>&) {},
      [](const local<peers_changed>&) {},
      [](caf::tick_atom) {},
      [](caf::update_atom) {},
      [](caf::put_atom) {},
      [](caf::flush_atom) {},
    };
  });
}

/// Its CPU is slow by 2.5; passes on what it is told of others'.
predictor_actor spawn_fake_predictor(caf::actor_system& system,
                                     std::function<void(double)> told) {
  return system.spawn([told]() -> predictor_actor::behavior_type {
    return {
      [](const local<structure>&) {},
      [](const local<loop_report>&) {},
      [](const local<ping_seen>&) {},
      [](const local<probe_seen>&) {},
      [](const local<cpu_wanted>& what) { what->back(2.5); },
      [told](const local<cpu_told>& what) { told(what->slowdown); },
      [](const local<sites_call>&) {},
      [](const local<estimates_wanted>&) {},
      [](const local<estimates_arrived>&) {},
      [](caf::tick_atom) {},
    };
  });
}

cluster_view view_of(uint64_t term, const std::string& function,
                     uint8_t bundle = 1) {
  cluster_view made;
  made.at = {"h", 1};
  made.term = term;
  node_record node;
  node.name = edge;
  node.connected = true;
  made.nodes.push_back(node);
  assigned_version assigned;
  assigned.version = {function_name{function}, 1};
  assigned.spec.name = assigned.version.function;
  assigned.spec.petrel.artifact = "f.so";
  assigned.bundle.bytes[0] = bundle;
  made.versions.push_back(assigned);
  placement at;
  at.version = assigned.version;
  at.status.node = edge;
  at.status.version = 1;
  made.placements.push_back(at);
  return made;
}

struct router_world : actor_fixture {
  router_world() {
    keeper = spawn_fake_keeper(system, script);
    agent = spawn_fake_agent(system, views);
    begin();
  }
  void begin(std::optional<predictor_actor> predictor = {}) {
    control_targets to;
    to.counters = &counters;
    to.agent = agent;
    to.keeper = keeper;
    if (predictor)
      to.predictor = *predictor;
    to.log = [](const std::string&) {};
    router.emplace(std::move(to));
    router->learned = [this](const std::vector<std::string>& all) {
      learned = all;
    };
  }
  ~router_world() {
    router.reset();
    stop(agent);
    stop(keeper);
    agent = nullptr;
    keeper = nullptr;
  }

  void route(const node_name& from, const wire::message& what,
             bool controller = true) {
    router->route(from, controller, what, [this](wire::message back) {
      answers.push_back(std::move(back));
    });
    settle();
  }
  void give(const node_name& from, const cluster_view& view,
            bool controller = true) {
    for (const auto& message : to_messages(view))
      route(from, message, controller);
  }

  census counters;
  keeper_script script;
  keeper_actor keeper;
  agent_actor agent;
  std::vector<local<cluster_view>> views;
  std::vector<std::string> learned;
  std::vector<wire::message> answers;
  std::optional<control_router> router;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(control_router_test, router_world)

  BOOST_AUTO_TEST_CASE(assignments_come_from_controllers_only) {
    give(edge, view_of(9, "evil"), false);
    BOOST_TEST(views.empty());
    BOOST_TEST(router->leaders().term() == 0u);
    give(one, view_of(3, "f"));
    BOOST_REQUIRE_EQUAL(views.size(), 1u);
    BOOST_TEST(views[0]->term == 3u);
    BOOST_TEST(views[0]->versions[0].version.function.str() == "f");
    BOOST_TEST(views[0]->placements.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(those_of_a_former_leader_are_dropped) {
    give(one, view_of(3, "f"));
    give(two, view_of(5, "g"));
    give(one, view_of(3, "h"));
    BOOST_REQUIRE_EQUAL(views.size(), 2u);
    BOOST_TEST(views[1]->versions[0].version.function.str() == "g");
    BOOST_TEST(router->leaders().leader().str() == "n2");
  }

  BOOST_AUTO_TEST_CASE(the_messages_of_two_controllers_are_not_mixed) {
    const auto first = to_messages(view_of(3, "f"));
    const auto second = to_messages(view_of(5, "g"));
    BOOST_REQUIRE_EQUAL(first.size(), second.size());
    for (size_t i = 0; i < first.size(); ++i) {
      route(two, second[i]);
      route(one, first[i]);
    }
    // The second was complete first, so the other one's term is over.
    BOOST_REQUIRE_EQUAL(views.size(), 1u);
    BOOST_TEST(views[0]->nodes.size() == 1u);
    BOOST_TEST(views[0]->placements.size() == 1u);
    BOOST_TEST(views[0]->placements[0].version.function.str() == "g");
    router->forget(two);
    give(two, view_of(5, "g"));
    BOOST_TEST(views.size() == 2u);
  }

  BOOST_AUTO_TEST_CASE(where_the_controllers_are_is_learned_with_them) {
    auto messages = to_messages(view_of(3, "f"));
    std::get<wire::assignments>(messages.back()).controllers
      = {"n1:8090", "n2:8090"};
    for (const auto& message : messages)
      route(one, message);
    BOOST_TEST((learned == std::vector<std::string>{"n1:8090", "n2:8090"}));
  }

  BOOST_AUTO_TEST_CASE(a_bundle_is_kept_for_a_controller_and_answered) {
    wire::admin_request request;
    request.id = 7;
    request.kind = keep_bundle_kind;
    request.payload = digest{}.hex();
    route(edge, request, false);
    BOOST_TEST(script.asked.empty());
    route(one, request);
    BOOST_REQUIRE_EQUAL(answers.size(), 1u);
    const auto& kept = std::get<wire::admin_reply>(answers[0]);
    BOOST_TEST(kept.id == 7u);
    BOOST_TEST((kept.why.code == errc::ok));
    script.answer = error{errc::unavailable, "nobody has it"};
    route(one, request);
    BOOST_TEST((std::get<wire::admin_reply>(answers.at(1)).why.code
                == errc::unavailable));
    request.payload = "no digest";
    route(one, request);
    request.kind = "of a later release";
    route(one, request);
    BOOST_TEST(answers.size() == 2u);
  }

  BOOST_AUTO_TEST_CASE(a_standby_says_where_the_controllers_are) {
    const auto notice = controllers_notice({"n1:8090", "n2:8090"});
    route(edge, notice, false);
    BOOST_TEST(learned.empty());
    route(two, notice);
    BOOST_TEST((learned == std::vector<std::string>{"n1:8090", "n2:8090"}));
    BOOST_TEST(router->leaders().leader().str().empty());
    BOOST_TEST(views.empty());
    BOOST_TEST(answers.empty());
  }

  BOOST_AUTO_TEST_CASE(any_node_is_told_of_the_cpu) {
    route(edge, cpu_request(), false); // to one that predicts nothing
    BOOST_TEST(answers.empty());
    std::vector<double> told;
    predictor_actor predictor
      = spawn_fake_predictor(system, [&](double slowdown) {
          told.push_back(slowdown);
        });
    begin(predictor);
    route(edge, cpu_request(), false);
    BOOST_REQUIRE_EQUAL(answers.size(), 1u);
    route(edge, answers[0], false);
    BOOST_REQUIRE_EQUAL(told.size(), 1u);
    BOOST_CHECK_CLOSE(told[0], 2.5, 1e-3);
    auto broken = std::get<wire::admin_reply>(answers[0]);
    for (const char* text : {"", "fast", "2.5 or so"}) {
      broken.payload = text;
      route(edge, broken, false);
    }
    BOOST_TEST(told.size() == 1u);
    stop(predictor);
  }

BOOST_AUTO_TEST_SUITE_END()
