// A controller that shares the lead with others.
#include "actors/control/controller.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/fake_seat.hpp"
#include "tests/support/memory_catalog.hpp"
#include "tests/support/memory_secrets.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::testing;
using namespace std::chrono_literals;

namespace {

/// Notes what another leader is known to have given out.
struct watched_catalog : memory_catalog {
  void seen(const revision& at) override { highest = at; }
  revision highest;
};

/// As written by several controllers: what this one reads is as of refresh().
struct shared_book : node_book {
  node_entries entries() const override { return read; }
  result<void> refresh() override {
    if (away)
      return error{errc::unavailable, "the book is away"};
    read = written;
    return {};
  }
  result<void> keep(const node_name& node, const node_entry& entry) override {
    written[node] = entry;
    return refresh();
  }
  result<void> remove(const node_name&) override { return {}; }

  node_entries written, read;
  bool away = false;
};

struct leading_world : test::actor_fixture {
  leading_world() {
    controller_config made;
    made.store = store;
    made.seat = &seat;
    made.nodes = &book;
    made.secrets.store = secrets;
    made.secrets.unlock = [this](bool) {
      ++unlocked;
      return std::make_shared<plain_sealer>(key);
    };
    made.collect = [this](const local<collect_bundles>&) { ++collected; };
    made.counters = &counters;
    made.clock = &clock;
    made.publish = [this](local<cluster_view> fresh) { views.push_back(fresh); };
    made.log = [this](const std::string& line) { log += line + "\n"; };
    made.share = [this](const digest& bundle, std::function<void()> done) {
      shared.push_back(bundle);
      if (copies_at_once)
        done();
      else
        waiting = std::move(done);
    };
    actor = spawn_scheduled_controller(system, std::move(made));
    seat.follow([this](leader_news now) {
      caf::anon_send(actor, make_local(leader_changed{std::move(now)}));
    });
    node_record node;
    node.name = edge;
    node.runtimes = {"native"};
    node.connected = true;
    caf::anon_send(actor, make_local(node_changed{node}));
    settle();
  }
  ~leading_world() {
    seat.follow(nullptr);
    stop(actor);
    actor = nullptr;
    advance(2s); // its timer
  }

  void lead(uint64_t token) {
    seat.lead(token);
    seat.tell();
    settle();
  }
  void lose(const std::string& to = "") {
    seat.lose(to);
    seat.tell();
    settle();
  }
  result<command_outcome> deploy(uint8_t content) {
    auto got = std::make_shared<result<command_outcome>>(
      error{errc::internal, "no answer"});
    once<command_outcome> done{
      [got](result<command_outcome> outcome) { *got = std::move(outcome); }};
    caf::anon_send(
      actor, make_local(deploy_call{
               deploy_of("f", content, "r" + std::to_string(content)), done}));
    done = {};
    settle();
    return *got;
  }
  template <class T, class Call, class... Parts>
  result<T> ask(Parts... parts) {
    auto got = std::make_shared<result<T>>(error{errc::internal, "no answer"});
    once<T> done{[got](result<T> value) { *got = std::move(value); }};
    caf::anon_send(actor, make_local(Call{std::move(parts)..., done}));
    done = {};
    settle();
    return std::move(*got);
  }
  result<node_standing> cordon(const node_name& node) {
    return ask<node_standing, node_call>(
      node_command{node, node_command::what::cordon, false});
  }
  result<secret_outcome> put(const std::string& value,
                             const std::string& request = {}) {
    return ask<secret_outcome, put_secret_call>(
      put_secret_command{request_id{request}, secret_name{"db"},
                         secret_text{value}, {}, "ada"});
  }
  /// Of an empty registry.
  result<replace_registry_outcome> import(const std::string& request) {
    replace_registry_command command;
    command.id = request_id{request};
    command.copy = std::make_shared<const registry_copy>();
    command.history = "new-history";
    command.replace = true;
    return ask<replace_registry_outcome, replace_registry_call>(
      std::move(command));
  }
  std::optional<wire::secret_value> wanted(const node_name& by) {
    auto got = std::make_shared<std::optional<wire::secret_value>>();
    caf::anon_send(actor,
                   make_local(secret_wanted{
                     by, secret_name{"db"},
                     [got](wire::secret_value what) { *got = what; }}));
    settle();
    return *got;
  }
  node_duty duty() const {
    for (const auto& node : views.back()->nodes)
      if (node.name == edge)
        return node.duty;
    return node_duty::active;
  }
  result<std::vector<function_status>> list() {
    result<std::vector<function_status>> got{errc::internal, "no answer"};
    once<std::vector<function_status>> done{
      [&got](result<std::vector<function_status>> all) {
        got = std::move(all);
      }};
    caf::anon_send(actor, make_local(list_call{done}));
    done = {};
    settle();
    return got;
  }
  void report(std::vector<uint32_t> ready) {
    node_placements all;
    all.node = edge;
    for (const auto version : ready) {
      placement at;
      at.version = {f, version};
      at.status.node = edge;
      at.status.version = version;
      at.status.state = instance_state::ready;
      all.placements.push_back(std::move(at));
    }
    caf::anon_send(actor, make_local(std::move(all)));
    settle();
  }
  uint32_t in_service() const {
    for (const auto& one : views.back()->versions)
      if (one.traffic)
        return one.version.version;
    return 0;
  }
  /// As another leader, on the same store.
  void elsewhere(const catalog_change& change) {
    BOOST_REQUIRE(store->commit(change));
  }

  const function_name f{"f"};
  const node_name edge{"edge-1"};
  std::shared_ptr<watched_catalog> store = std::make_shared<watched_catalog>();
  std::shared_ptr<memory_secrets> secrets = std::make_shared<memory_secrets>();
  shared_book book;
  std::string key = "k1";
  int unlocked = 0, collected = 0;
  fake_seat seat;
  census counters;
  std::vector<local<cluster_view>> views;
  std::vector<digest> shared;
  bool copies_at_once = true;
  std::function<void()> waiting;
  std::string log;
  controller_actor actor;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(leading_test, leading_world)

  BOOST_AUTO_TEST_CASE(a_standby_gives_no_views_and_names_the_leader) {
    lose("other 1");
    report({1});
    advance(3s);
    BOOST_TEST(views.empty());
    const auto refused = deploy(1);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::unavailable));
    BOOST_TEST(refused.error().message == "other leads");
    BOOST_TEST(list().error().message == "other leads");
    BOOST_TEST(store->commits() == 0u);
  }

  BOOST_AUTO_TEST_CASE(it_leads_when_told_with_the_term_in_each_view) {
    lead(7);
    BOOST_REQUIRE_EQUAL(views.size(), 1u);
    BOOST_TEST(views.back()->term == 7u);
    BOOST_REQUIRE_EQUAL(views.back()->nodes.size(), 1u); // known before
    BOOST_TEST(!!deploy(1));
    BOOST_TEST(views.back()->term == 7u);
    BOOST_TEST(views.back()->versions.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(the_end_of_a_term_counts_before_it_is_told) {
    lead(7);
    BOOST_TEST(!!deploy(1));
    const auto before = views.size();
    seat.lose("other 1"); // nobody tells
    report({1});
    advance(2s);
    BOOST_TEST(views.size() == before);
    BOOST_TEST(!deploy(2));
    BOOST_TEST(store->commits() == 1u);
  }

  BOOST_AUTO_TEST_CASE(what_it_knows_is_told_while_nobody_leads) {
    lead(7);
    BOOST_TEST(!!deploy(1));
    lose();
    BOOST_REQUIRE(list());
    BOOST_TEST(list()->size() == 1u);
    BOOST_TEST(!deploy(2));
    lose("other 1"); // who may have changed it
    BOOST_TEST(!list());
  }

  BOOST_AUTO_TEST_CASE(a_new_term_begins_with_what_the_store_has) {
    lead(7);
    BOOST_TEST(!!deploy(1));
    lose("other 1");
    elsewhere(*plan(store->state(), deploy_of("g", 1, "x"), wall_time{}));
    lead(9);
    BOOST_TEST(views.back()->term == 9u);
    BOOST_TEST(views.back()->versions.size() == 2u);
    BOOST_TEST((views.back()->at == store->state().at));
    // Nothing changed meanwhile: nodes must hear of the term all the same.
    const auto before = views.size();
    lose();
    lead(10);
    BOOST_TEST(views.size() == before + 1);
    BOOST_TEST(views.back()->term == 10u);
  }

  BOOST_AUTO_TEST_CASE(what_was_in_service_stays_until_the_new_one_is_ready) {
    lose("other 1");
    elsewhere(*plan(store->state(), deploy_of("f", 1, "x"), wall_time{}));
    elsewhere(*plan(store->state(), deploy_of("f", 2, "y"), wall_time{}));
    report({1});
    cluster_view given;
    given.term = 6;
    given.at = store->state().at;
    assigned_version one, two;
    one.version = {f, 1};
    one.traffic = true;
    two.version = {f, 2};
    given.versions = {one, two};
    caf::anon_send(actor, make_local(given));
    settle();
    BOOST_TEST((store->highest == store->state().at));
    lead(7);
    BOOST_TEST(in_service() == 1u);
    BOOST_TEST(views.back()->versions.size() == 2u);
    report({1, 2});
    BOOST_TEST(in_service() == 2u);
  }

  BOOST_AUTO_TEST_CASE(without_a_view_what_runs_is_in_service) {
    lose("other 1");
    elsewhere(*plan(store->state(), deploy_of("f", 1, "x"), wall_time{}));
    elsewhere(*plan(store->state(), deploy_of("f", 2, "y"), wall_time{}));
    report({1});
    lead(7);
    BOOST_TEST(in_service() == 1u);
    report({1, 2});
    BOOST_TEST(in_service() == 2u);
  }

  BOOST_AUTO_TEST_CASE(a_view_of_a_former_leader_is_not_inherited) {
    lead(7);
    BOOST_TEST(!!deploy(1));
    report({1});
    BOOST_TEST(!!deploy(2));
    report({1, 2});
    BOOST_TEST(in_service() == 2u);
    cluster_view old;
    old.term = 6;
    assigned_version one;
    one.version = {f, 1};
    one.traffic = true;
    old.versions = {one};
    caf::anon_send(actor, make_local(old));
    lead(8);
    BOOST_TEST(in_service() == 2u);
    BOOST_TEST(store->highest.number == 0u);
  }

  BOOST_AUTO_TEST_CASE(a_standby_changes_and_tells_nothing_else_either) {
    lose("other 1");
    for (const auto& refused :
         {cordon(edge).error(), put("v").error(),
          ask<std::vector<secret_status>, secrets_call>().error(),
          ask<bundles_status, bundles_call>(bundles_command{}).error()})
      BOOST_TEST(refused.message == "other leads");
    BOOST_TEST(book.written.empty());
    BOOST_TEST(secrets->state().secrets.empty());
    BOOST_TEST(collected == 0); // it does not know what is in use
    BOOST_TEST(!wanted(edge)); // the node asks the leader
  }

  BOOST_AUTO_TEST_CASE(what_was_wanted_of_nodes_and_secrets_is_taken_over) {
    lead(7);
    BOOST_TEST(!!put("first"));
    auto command = deploy_of("f", 1, "r1");
    command.spec.secrets = {"db"};
    BOOST_REQUIRE(
      (ask<command_outcome, deploy_call>(std::move(command))));
    BOOST_REQUIRE(wanted(edge));
    BOOST_TEST((wanted(edge)->value.view() == "first"));
    lose("other 1");
    BOOST_TEST(!wanted(edge));
    // The other one cordons the node, and changes the secret and its key.
    book.written[edge] = {node_duty::cordoned, {{f, 1}}};
    key = "k2";
    const plain_sealer sealer{key};
    BOOST_REQUIRE(secrets->commit(
      *plan(secrets->state(),
            put_secret_command{request_id{"x"}, secret_name{"db"},
                               secret_text{"second"},
                               put_secret_command::condition::must_exist, ""},
            sealer, wall_time{})));
    lead(9);
    BOOST_TEST((duty() == node_duty::cordoned));
    BOOST_REQUIRE(wanted(edge));
    BOOST_TEST((wanted(edge)->value.view() == "second"));
    BOOST_TEST(unlocked == 2);
    BOOST_TEST(!!cordon(edge));
    BOOST_TEST(!!put("third", "y"));
  }

  BOOST_AUTO_TEST_CASE(a_standby_neither_exports_nor_imports) {
    lead(7);
    BOOST_TEST(!!deploy(1));
    lose("other 1");
    const auto before = store->state();
    BOOST_TEST((ask<registry_copy, copy_registry_call>(
                  std::shared_ptr<const secret_sealer>{})
                  .error()
                  .message
                == "other leads"));
    BOOST_TEST(import("import").error().message == "other leads");
    BOOST_TEST((store->state() == before));
    lead(9);
    BOOST_TEST(!!import("import"));
    BOOST_TEST(views.back()->term == 9u);
    BOOST_TEST((views.back()->at == store->state().at));
    BOOST_TEST(views.back()->versions.empty());
  }

  BOOST_AUTO_TEST_CASE(an_import_that_a_leader_left_is_ended_by_the_next) {
    lead(7);
    BOOST_TEST(!!put("mine"));
    lose("other 1");
    // The other one dies between the catalog's step and that of the secrets.
    catalog_state next;
    next.at = {"imported", 50};
    secrets_state brought;
    brought.at = {"imported", 5};
    BOOST_REQUIRE(secrets->stage(brought));
    BOOST_REQUIRE(store->replace(next, request_id{"import"}));
    lead(9);
    BOOST_TEST(secrets->state().secrets.empty());
    BOOST_TEST(secrets->state().at.history == "imported");
    const auto again = import("import"); // its client asks once more
    BOOST_REQUIRE(again);
    BOOST_TEST(again->repeated);
    BOOST_TEST(!!put("next"));
    BOOST_TEST(!!deploy(1));
  }

  BOOST_AUTO_TEST_CASE(what_a_leader_staged_in_vain_goes_with_its_term) {
    lead(7);
    BOOST_TEST(!!put("mine"));
    lose("other 1");
    secrets_state brought;
    brought.at = {"imported", 5};
    BOOST_REQUIRE(secrets->stage(brought)); // and there it ended
    lead(9);
    BOOST_TEST(secrets->state().secrets.size() == 1u);
    BOOST_TEST(!!put("next"));
    BOOST_REQUIRE(secrets->settle("imported")); // nothing is left of it
    BOOST_TEST(secrets->state().secrets.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(it_leads_only_with_what_was_wanted_of_nodes) {
    book.away = true;
    lead(7);
    BOOST_TEST(views.empty());
    BOOST_TEST(cordon(edge).error().message == "the book is away");
    book.away = false;
    book.written[edge].duty = node_duty::drained;
    advance(2s);
    BOOST_REQUIRE(!views.empty());
    BOOST_TEST((duty() == node_duty::drained));
  }

  BOOST_AUTO_TEST_CASE(a_node_that_the_other_leader_removed_stays_away) {
    node_record other;
    other.name = node_name{"edge-2"};
    other.connected = true;
    caf::anon_send(actor, make_local(node_changed{other}));
    other.connected = false;
    caf::anon_send(actor, make_local(node_changed{other}));
    lose("other 1");
    cluster_view given;
    given.term = 6;
    node_record known;
    known.name = edge;
    given.nodes = {known};
    caf::anon_send(actor, make_local(given));
    lead(7);
    BOOST_REQUIRE_EQUAL(views.back()->nodes.size(), 1u);
    BOOST_TEST(views.back()->nodes[0].name.str() == "edge-1");
  }

  BOOST_AUTO_TEST_CASE(it_gives_nothing_until_it_has_read_the_store) {
    store->fail_next_load({errc::unavailable, "the catalog is gone"});
    lead(7);
    BOOST_TEST(views.empty());
    BOOST_TEST(log.find("the catalog is gone") != std::string::npos);
    advance(2s);
    BOOST_REQUIRE_EQUAL(views.size(), 1u);
    BOOST_TEST(views.back()->term == 7u);
    // Calls ask the store again, too, and say what is wrong.
    store->fail_next_load({errc::unavailable, "gone again"});
    lead(8);
    store->fail_next_load({errc::unavailable, "still gone"});
    BOOST_TEST(deploy(1).error().message == "still gone");
    BOOST_TEST(!!deploy(1));
    BOOST_TEST(views.back()->term == 8u);
  }

  BOOST_AUTO_TEST_CASE(a_deployment_waits_for_the_copies_of_its_bundle) {
    lead(7);
    copies_at_once = false;
    BOOST_TEST(!deploy(1)); // no answer yet
    BOOST_REQUIRE_EQUAL(shared.size(), 1u);
    BOOST_TEST((shared[0] == deploy_of("f", 1, "").bundle));
    BOOST_TEST(store->commits() == 0u);
    waiting();
    settle();
    BOOST_TEST(store->commits() == 1u);
    waiting = nullptr;
    // The lead was lost meanwhile: nothing is changed.
    BOOST_TEST(!deploy(2));
    seat.lose("other 1");
    waiting();
    settle();
    BOOST_TEST(store->commits() == 1u);
    waiting = nullptr;
  }

BOOST_AUTO_TEST_SUITE_END()
