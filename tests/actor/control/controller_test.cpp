#include "actors/control/controller.hpp"

#include "tests/support/actor_fixture.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/memory_catalog.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/scoped_actor.hpp>

#include <future>

using namespace faas;
using namespace faas::actors;
using namespace faas::testing;
using namespace std::chrono_literals;

namespace {

/// A remote store: the answer to the next commit is lost after it was stored.
struct remote_catalog : memory_catalog {
  using memory_catalog::commit;
  result<void> commit(std::span<const catalog_change> changes) override {
    auto done = memory_catalog::commit(changes);
    if (std::exchange(lose_next_answer, false))
      return error{errc::unavailable, "no answer in time"};
    return done;
  }
  bool lose_next_answer = false;
};

/// The controller is detached, so it runs by itself; calls wait for answers.
struct controller_world {
  controller_world() {
    config.set("scheduler.max-threads", size_t{1});
    system = std::make_unique<caf::actor_system>(config);
  }
  ~controller_world() {
    if (actor) {
      caf::scoped_actor self{*system};
      self->monitor(actor);
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
      bool gone = false;
      self->receive([&](const caf::down_msg&) { gone = true; },
                    caf::after(10s) >> [] {});
      BOOST_TEST(gone);
      actor = nullptr;
    }
    system.reset(); // also waits for controllers that tests have killed
  }

  void start() {
    controller_config made;
    made.store = store;
    made.state = store->state();
    made.counters = &counters;
    made.clock = &clock;
    made.publish = [this](local<cluster_view> view) {
      const std::lock_guard lock{mutex};
      views.push_back(std::move(view));
    };
    actor = spawn_controller(*system, std::move(made));
  }

  template <class T, class Call, class... Parts>
  result<T> ask(Parts... parts) {
    auto promise = std::make_shared<std::promise<result<T>>>();
    auto future = promise->get_future();
    once<T> done{
      [promise](result<T> value) { promise->set_value(std::move(value)); }};
    caf::anon_send(actor, make_local(Call{std::move(parts)..., done}));
    done = {};
    if (future.wait_for(10s) != std::future_status::ready)
      return error{errc::internal, "no answer"};
    return future.get();
  }
  result<command_outcome> deploy(deploy_command command) {
    return ask<command_outcome, deploy_call>(std::move(command));
  }
  result<command_outcome> remove(remove_command command) {
    return ask<command_outcome, remove_call>(std::move(command));
  }
  std::vector<function_status> list() {
    auto all = ask<std::vector<function_status>, list_call>();
    BOOST_REQUIRE(all);
    return *all;
  }
  /// All views so far: what was changed before the first list() is given out
  /// before the second one.
  std::vector<local<cluster_view>> published() {
    list();
    list();
    const std::lock_guard lock{mutex};
    return views;
  }

  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
  census counters;
  system_clock_source clock;
  std::shared_ptr<remote_catalog> store = std::make_shared<remote_catalog>();
  std::mutex mutex;
  std::vector<local<cluster_view>> views;
  controller_actor actor;
};

node_record edge(bool connected = true) {
  node_record node;
  node.name = node_name{"edge-1"};
  node.tier = "edge";
  node.runtimes = {"native"};
  node.connected = connected;
  return node;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(controller_test, controller_world)

BOOST_AUTO_TEST_CASE(the_first_view_goes_out_at_once) {
  start();
  const auto all = published();
  BOOST_REQUIRE_EQUAL(all.size(), 1u);
  BOOST_TEST(all[0]->versions.empty());
}

BOOST_AUTO_TEST_CASE(a_rollback_is_durable_and_warms_the_old_version_up) {
  start();
  caf::anon_send(actor, make_local(node_changed{edge()}));
  BOOST_REQUIRE(deploy(deploy_of("f", 1, "a")));
  BOOST_REQUIRE(deploy(deploy_of("f", 2, "b")));
  const function_name f{"f"};
  const auto ready = [&](uint32_t version) {
    placement at;
    at.version = {f, version};
    at.status.node = node_name{"edge-1"};
    at.status.version = version;
    at.status.state = instance_state::ready;
    caf::anon_send(actor, make_local(node_placements{at.status.node, {at}}));
  };
  ready(2);
  const auto back = ask<command_outcome, rollback_call>(
    rollback_command{request_id{"back"}, f, 0, "tester"});
  BOOST_REQUIRE(back);
  BOOST_TEST(back->version == 1u);
  BOOST_TEST(store->state().functions.at(f).current == 1u);
  const auto with_traffic = [&] {
    for (const auto& version : published().back()->versions)
      if (version.traffic)
        return version.version.version;
    return 0u;
  };
  BOOST_TEST(with_traffic() == 2u); // until 1 is ready
  ready(1);
  BOOST_TEST(with_traffic() == 1u);
  const auto all = ask<std::vector<version_status>, versions_call>(f);
  BOOST_REQUIRE(all);
  BOOST_REQUIRE_EQUAL(all->size(), 2u);
  BOOST_TEST(all->at(1).current);
  // The same request again has no second effect.
  const auto again = ask<command_outcome, rollback_call>(
    rollback_command{request_id{"back"}, f, 0, "tester"});
  BOOST_REQUIRE(again);
  BOOST_TEST(again->repeated);
}

BOOST_AUTO_TEST_CASE(a_deploy_is_durable_then_answered_then_published) {
  start();
  caf::anon_send(actor, make_local(node_changed{edge()}));
  const auto outcome = deploy(deploy_of("f", 1, "a"));
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->version == 1u);
  BOOST_TEST(store->state().functions.size() == 1u);
  const auto last = published().back();
  BOOST_REQUIRE_EQUAL(last->versions.size(), 1u);
  BOOST_TEST(last->versions[0].nodes.count(node_name{"edge-1"}) == 1u);
  BOOST_TEST((last->at == store->state().at));
}

BOOST_AUTO_TEST_CASE(the_same_request_twice_has_one_effect) {
  start();
  const auto first = deploy(deploy_of("f", 1, "a"));
  const auto views_before = published().size();
  auto other = deploy_of("f", 2, "a"); // other content, same request
  const auto second = deploy(other);
  BOOST_REQUIRE(second);
  BOOST_TEST(second->repeated);
  BOOST_TEST(second->version == first->version);
  BOOST_TEST(store->commits() == 1u);
  BOOST_TEST(published().size() == views_before);
}

BOOST_AUTO_TEST_CASE(a_deploy_that_changed_nothing_cannot_act_later) {
  start();
  deploy(deploy_of("f", 1, "a"));
  const auto same = deploy(deploy_of("f", 1, "b"));
  BOOST_REQUIRE(same);
  BOOST_TEST(same->unchanged);
  deploy(deploy_of("f", 2, "c"));
  const auto again = deploy(deploy_of("f", 1, "b"));
  BOOST_REQUIRE(again);
  BOOST_TEST(again->repeated);
  BOOST_TEST(list()[0].version == 2u);
}

BOOST_AUTO_TEST_CASE(a_store_that_fails_changes_nothing) {
  start();
  deploy(deploy_of("f", 1, "a"));
  const auto views_before = published().size();
  store->fail_next_commit({errc::storage_full, "the disk is full"});
  const auto failed = deploy(deploy_of("f", 2, "b"));
  BOOST_REQUIRE(!failed);
  BOOST_TEST((failed.error().code == errc::storage_full));
  BOOST_TEST(list()[0].version == 1u);
  BOOST_TEST(published().size() == views_before);
  const auto later = deploy(deploy_of("f", 2, "b"));
  BOOST_REQUIRE(later);
  BOOST_TEST(later->version == 2u);
}

BOOST_AUTO_TEST_CASE(a_store_whose_answer_was_lost_is_read_again) {
  start();
  deploy(deploy_of("f", 1, "a"));
  store->lose_next_answer = true;
  const auto lost = deploy(deploy_of("f", 2, "b"));
  BOOST_REQUIRE(!lost);
  BOOST_TEST((lost.error().code == errc::unavailable));
  const auto again = deploy(deploy_of("f", 2, "b"));
  BOOST_REQUIRE(again);
  BOOST_TEST(again->repeated);
  BOOST_TEST(again->version == 2u);
  BOOST_TEST(list()[0].version == 2u);
  BOOST_TEST((published().back()->at == store->state().at));
  store->lose_next_answer = true;
  BOOST_TEST(!remove(remove_of("f", "c")));
  const auto next = deploy(deploy_of("g", 1, "d"));
  BOOST_REQUIRE(next);
  BOOST_TEST((next->at == store->state().at));
  BOOST_REQUIRE_EQUAL(list().size(), 1u);
  BOOST_TEST(list()[0].spec.name.str() == "g");
}

BOOST_AUTO_TEST_CASE(a_store_that_another_leader_moved_on_is_read_again) {
  start();
  deploy(deploy_of("f", 1, "a"));
  BOOST_REQUIRE(
    store->commit(*plan(store->state(), deploy_of("g", 1, "x"), wall_time{})));
  const auto outcome = deploy(deploy_of("f", 2, "b"));
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->at.number == 3u);
  BOOST_TEST(list().size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_refused_command_says_why) {
  start();
  const auto missing = remove(remove_of("f", "a"));
  BOOST_REQUIRE(!missing);
  BOOST_TEST((missing.error().code == errc::not_found));
  auto update = deploy_of("f", 1, "b");
  update.when = deploy_command::condition::must_exist;
  BOOST_TEST(!deploy(update));
  const auto none = ask<function_status, describe_call>(function_name{"f"});
  BOOST_REQUIRE(!none);
  BOOST_TEST((none.error().code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(placements_and_nodes_move_the_view) {
  start();
  deploy(deploy_of("f", 1, "a"));
  caf::anon_send(actor, make_local(node_changed{edge()}));
  placement ready;
  ready.version = {function_name{"f"}, 1};
  ready.status.node = node_name{"edge-1"};
  ready.status.version = 1;
  ready.status.state = instance_state::ready;
  caf::anon_send(actor,
                 make_local(node_placements{node_name{"edge-1"}, {ready}}));
  BOOST_TEST(list()[0].available() == 1u);
  BOOST_TEST(published().back()->placements.size() == 1u);
  caf::anon_send(actor, make_local(node_changed{edge(false)}));
  BOOST_TEST(list()[0].available() == 0u);
  BOOST_TEST(published().back()->placements.empty());
  BOOST_TEST(published().back()->versions[0].nodes.empty());
}

BOOST_AUTO_TEST_CASE(a_restarted_controller_knows_what_was_acknowledged) {
  deploy_command command = deploy_of("f", 1, "a");
  start();
  deploy(command);
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  actor = nullptr;
  start();
  BOOST_TEST(list().size() == 1u);
  BOOST_TEST(deploy(command)->repeated);
}

BOOST_AUTO_TEST_CASE(a_call_to_a_controller_that_is_gone_is_answered) {
  start();
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  const auto outcome = deploy(deploy_of("f", 1, "a"));
  // Either it came before the end, or it was dropped and says so.
  if (!outcome)
    BOOST_TEST((outcome.error().code == errc::unavailable));
  actor = nullptr;
}

BOOST_AUTO_TEST_SUITE_END()
