#include "actors/control/controller.hpp"

#include "libfaas/rollout/sample.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/memory_catalog.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::testing;
using namespace std::chrono_literals;

namespace {

/// The controller on a scheduler under fake time.
struct timed_controller : test::actor_fixture {
  timed_controller() {
    controller_config made;
    made.store = store;
    made.state = store->state();
    made.counters = &counters;
    made.clock = &clock;
    made.publish = [this](local<cluster_view> fresh) {
      view = fresh;
      ++views;
    };
    actor = spawn_scheduled_controller(system, std::move(made));
    node_record node;
    node.name = node_name{"edge-1"};
    node.runtimes = {"native"};
    node.connected = true;
    caf::anon_send(actor, make_local(node_changed{node}));
    settle();
  }
  ~timed_controller() {
    stop(actor);
    actor = nullptr;
    advance(2s); // its timer
  }

  template <class Call, class Command>
  result<command_outcome> carry_out(Command command) {
    result<command_outcome> got{errc::internal, "no answer"};
    once<command_outcome> done{
      [&got](result<command_outcome> outcome) { got = std::move(outcome); }};
    caf::anon_send(actor, make_local(Call{std::move(command), done}));
    done = {};
    settle();
    return got;
  }
  void deploy(uint8_t content, std::vector<uint32_t> steps = {}) {
    auto command = deploy_of("f", content, "r" + std::to_string(content));
    command.spec.petrel.rollout = {std::move(steps), 1s};
    BOOST_REQUIRE(carry_out<deploy_call>(std::move(command)));
  }
  void report(std::vector<std::pair<uint32_t, instance_state>> states) {
    node_placements all;
    all.node = node_name{"edge-1"};
    for (const auto& [version, state] : states) {
      placement at;
      at.version = {f, version};
      at.status.node = all.node;
      at.status.version = version;
      at.status.state = state;
      if (state == instance_state::failed)
        at.status.reason = "no table";
      all.placements.push_back(std::move(at));
    }
    caf::anon_send(actor, make_local(std::move(all)));
    settle();
  }
  void evidence(uint32_t version, double ms, size_t events = 400) {
    rollout_evidence what;
    what.seen.versions.push_back(
      {{f, version}, site_name{"edge-1/cpu"},
       std::vector<uint64_t>(events, rollout::pack({false, ms}))});
    caf::anon_send(actor, make_local(std::move(what)));
    settle();
  }
  uint32_t share(uint32_t version) const {
    for (const auto& one : view->versions)
      if (one.version.version == version)
        return one.weight;
    return 0;
  }
  const rollout_record& rollout() const {
    return *store->state().functions.at(f).traffic.rollout;
  }

  const function_name f{"f"};
  std::shared_ptr<memory_catalog> store = std::make_shared<memory_catalog>();
  census counters;
  local<cluster_view> view;
  int views = 0;
  controller_actor actor;
};

} // namespace

BOOST_AUTO_TEST_SUITE(controller_timed_test)

BOOST_AUTO_TEST_CASE(a_rollout_goes_by_itself_and_each_step_is_durable) {
  timed_controller w;
  w.deploy(1);
  w.report({{1, instance_state::ready}});
  w.deploy(2, {5, 50});
  w.advance(3s);
  BOOST_TEST((w.rollout().phase == rollout::phase::warming));
  w.report({{1, instance_state::ready}, {2, instance_state::ready}});
  w.advance(1s);
  BOOST_TEST(w.rollout().share() == 5u);
  BOOST_TEST(w.share(2) == 5u);
  w.evidence(1, 10), w.evidence(2, 10);
  w.store->fail_next_commit({errc::storage_full, "the disk is full"});
  w.advance(1s);
  BOOST_TEST(w.share(2) == 5u); // not stored, so it did not happen
  w.advance(1s);
  BOOST_TEST(w.share(2) == 50u);
  w.evidence(1, 10), w.evidence(2, 10);
  w.advance(2s);
  BOOST_TEST((w.rollout().phase == rollout::phase::promoted));
  BOOST_TEST(w.share(2) == 100u);
  BOOST_TEST(w.view->versions.size() == 1u);
  BOOST_TEST(w.store->state().at.number == 5u);
  BOOST_TEST((w.view->at == w.store->state().at));
}

BOOST_AUTO_TEST_CASE(whoever_asks_after_a_drain_sees_it) {
  timed_controller w;
  w.deploy(1);
  w.report({{1, instance_state::ready}});
  bool seen = false;
  const once<node_standing> done{[&](result<node_standing> now) {
    seen = now && w.view->nodes[0].duty == node_duty::draining;
  }};
  const node_command drain{node_name{"edge-1"}, node_command::what::drain};
  caf::anon_send(w.actor, make_local(node_call{drain, done}));
  w.settle();
  BOOST_TEST(seen);
}

BOOST_AUTO_TEST_CASE(commands_that_wait_share_a_commit_and_a_view) {
  timed_controller w;
  const auto views_before = w.views;
  std::vector<result<command_outcome>> got;
  for (int i = 0; i < 40; ++i) {
    const auto number = std::to_string(i);
    caf::anon_send(
      w.actor, make_local(deploy_call{
                 deploy_of("f" + number, 1, number),
                 once<command_outcome>{[&](result<command_outcome> outcome) {
                   got.push_back(std::move(outcome));
                 }}}));
  }
  w.settle();
  BOOST_REQUIRE_EQUAL(got.size(), 40u);
  for (size_t i = 0; i < got.size(); ++i) {
    BOOST_REQUIRE(got[i]);
    BOOST_TEST(got[i]->at.number == i + 1);
  }
  BOOST_TEST(w.store->commits() == 1u);
  BOOST_TEST(w.views == views_before + 1);
  BOOST_TEST(w.view->versions.size() == 40u);
}

BOOST_AUTO_TEST_CASE(a_slow_version_is_rolled_back_by_itself) {
  timed_controller w;
  w.deploy(1);
  w.deploy(2, {5, 50});
  w.report({{1, instance_state::ready}, {2, instance_state::ready}});
  w.advance(1s);
  w.evidence(1, 10), w.evidence(2, 30);
  w.advance(1s);
  BOOST_TEST((w.rollout().phase == rollout::phase::rolled_back));
  BOOST_TEST(w.share(1) == 100u);
  BOOST_TEST(w.view->versions.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_canary_that_cannot_start_is_rolled_back_with_the_reason) {
  timed_controller w;
  w.deploy(1);
  w.report({{1, instance_state::ready}});
  w.deploy(2, {5});
  w.report({{1, instance_state::ready}, {2, instance_state::failed}});
  w.advance(8s);
  BOOST_TEST((w.rollout().phase == rollout::phase::rolled_back));
  BOOST_TEST(w.rollout().reason == "it cannot start: edge-1: no table");
  BOOST_TEST(w.share(1) == 100u);
}

BOOST_AUTO_TEST_CASE(a_version_known_to_fail_gets_no_share) {
  timed_controller w;
  w.deploy(1);
  w.deploy(2);
  w.report({{1, instance_state::ready}, {2, instance_state::failed}});
  const auto refused = w.carry_out<traffic_call>(
    traffic_command{request_id{"t"}, w.f, {{1, 50}, {2, 50}}, ""});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == errc::conflict));
  BOOST_TEST(refused.error().message.find("no table") != std::string::npos);
  BOOST_TEST(!!w.carry_out<alias_call>(
    alias_command{request_id{"a"}, w.f, "old", 1, ""}));
  BOOST_TEST(!w.carry_out<rollout_call>(rollout_command{
    request_id{"r"}, w.f, rollout_command::action::abort, ""}));
}

BOOST_AUTO_TEST_SUITE_END()
