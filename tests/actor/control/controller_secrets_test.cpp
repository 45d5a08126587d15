#include "actors/control/controller.hpp"

#include "tests/support/actor_fixture.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/memory_catalog.hpp"
#include "tests/support/memory_secrets.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace faas::testing;

namespace {

const node_name edge{"edge-1"}, cloud{"cloud-1"};

struct secrets_world : actor_fixture {
  ~secrets_world() {
    stop(actor);
    actor = nullptr;
  }
  void start(bool with_secrets = true) {
    controller_config made;
    made.store = catalog;
    made.state = catalog->state();
    if (with_secrets)
      made.secrets = {store, std::make_shared<plain_sealer>(key),
                      store->state()};
    made.counters = &counters;
    made.clock = &clock;
    made.publish = [this](local<cluster_view> view) { views.push_back(view); };
    actor = spawn_scheduled_controller(system, std::move(made));
    for (const auto& name : {edge, cloud}) {
      node_record node;
      node.name = name;
      node.tier = name == edge ? "edge" : "cloud";
      node.runtimes = {"native"};
      node.connected = true;
      caf::anon_send(actor, make_local(node_changed{node}));
    }
    settle();
  }
  template <class T, class Call, class... Parts>
  result<T> ask(Parts... parts) {
    std::optional<result<T>> got;
    once<T> done{[&](result<T> value) { got = std::move(value); }};
    caf::anon_send(actor, make_local(Call{std::move(parts)..., done}));
    settle();
    BOOST_REQUIRE(got);
    return std::move(*got);
  }
  result<secret_outcome> put(const std::string& name, std::string_view value,
                             const std::string& request = {}) {
    return ask<secret_outcome, put_secret_call>(put_secret_command{
      request_id{request}, secret_name{name}, secret_text{value}, {}, "ada"});
  }
  result<secret_outcome> remove(const std::string& name) {
    return ask<secret_outcome, remove_secret_call>(
      remove_secret_command{{}, secret_name{name}, ""});
  }
  result<command_outcome> deploy(const std::string& name, uint8_t bundle,
                                 std::vector<std::string> secrets) {
    auto command = deploy_of(name, bundle);
    command.spec.secrets = std::move(secrets);
    command.spec.petrel.needs.tiers = {"edge"};
    return ask<command_outcome, deploy_call>(std::move(command));
  }
  wire::secret_value wanted(const node_name& by, const std::string& name) {
    std::optional<wire::secret_value> got;
    caf::anon_send(actor, make_local(secret_wanted{
                            by, secret_name{name},
                            [&](wire::secret_value what) { got = what; }}));
    settle();
    BOOST_REQUIRE(got);
    return *got;
  }
  std::string stamp(const std::string& function, const std::string& secret) {
    for (const auto& one : views.back()->versions)
      if (one.version.function.str() == function
          && one.secrets.contains(secret))
        return one.secrets.at(secret);
    return {};
  }

  std::string key = "k1";
  std::shared_ptr<memory_catalog> catalog = std::make_shared<memory_catalog>();
  std::shared_ptr<memory_secrets> store = std::make_shared<memory_secrets>();
  census counters;
  controller_actor actor;
  std::vector<local<cluster_view>> views;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(controller_secrets_test, secrets_world)

  BOOST_AUTO_TEST_CASE(a_node_gets_what_it_shall_run_and_no_more) {
    start();
    BOOST_REQUIRE(put("db", "value"));
    BOOST_REQUIRE(put("unused", "other"));
    BOOST_TEST((wanted(edge, "db").why.code == errc::forbidden));
    BOOST_REQUIRE(deploy("f", 1, {"db"}));
    const auto value = wanted(edge, "db");
    BOOST_TEST((value.why.code == errc::ok));
    BOOST_TEST((value.value.view() == "value"));
    BOOST_TEST(value.stamp == stamp("f", "db"));
    for (const auto& [by, name] :
         {std::pair{cloud, "db"}, {edge, "unused"}, {edge, "absent"},
          {node_name{"stranger"}, "db"}}) {
      const auto refused = wanted(by, name);
      BOOST_TEST((refused.why.code == errc::forbidden));
      BOOST_TEST(refused.value.empty());
    }
    BOOST_REQUIRE((ask<command_outcome, remove_call>(remove_of("f"))));
    BOOST_TEST((wanted(edge, "db").why.code == errc::forbidden));
  }

  BOOST_AUTO_TEST_CASE(a_change_moves_the_stamp_that_nodes_are_told) {
    start();
    BOOST_REQUIRE(put("db", "one"));
    BOOST_REQUIRE(deploy("f", 1, {"db"}));
    const auto first = stamp("f", "db");
    BOOST_TEST(!first.empty());
    auto sent = views.size();
    BOOST_TEST(put("db", "one")->unchanged);
    BOOST_TEST(views.size() == sent);
    BOOST_REQUIRE(put("db", "two"));
    BOOST_TEST(views.size() > sent);
    BOOST_TEST(stamp("f", "db") != first);
    BOOST_TEST(views.back()->at.number == 1u); // no change of the catalog
    for (const auto& view : views)
      for (const auto& one : view->versions)
        for (const auto& [name, text] : one.secrets)
          BOOST_TEST(text.find("two") == std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(a_command_repeated_has_no_second_effect) {
    start();
    const auto first = put("db", "one", "r1");
    BOOST_REQUIRE(put("db", "two", "r2"));
    const auto again = put("db", "one", "r1");
    BOOST_REQUIRE(again);
    BOOST_TEST(again->repeated);
    BOOST_TEST(again->version == first->version);
    BOOST_TEST((plain_sealer{}.open(
                  secret_name{"db"},
                  store->state().secrets.at(secret_name{"db"}))->view()
                == "two"));
  }

  BOOST_AUTO_TEST_CASE(a_secret_of_the_version_that_still_serves_is_in_use) {
    start();
    BOOST_REQUIRE(put("db", "one"));
    BOOST_REQUIRE(deploy("f", 1, {"db"}));
    // Version 2 is warming up: version 1 has the events.
    BOOST_REQUIRE(deploy("f", 2, {}));
    const auto refused = remove("db");
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::conflict));
    placement at;
    at.version = {function_name{"f"}, 2};
    at.status.node = edge;
    at.status.version = 2;
    at.status.state = instance_state::ready;
    caf::anon_send(actor, make_local(node_placements{edge, {at}}));
    settle();
    BOOST_TEST(!!remove("db"));
  }

  BOOST_AUTO_TEST_CASE(an_unknown_secret_stops_a_deploy_before_it_is_stored) {
    start();
    const auto refused = deploy("f", 1, {"db"});
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::invalid_argument));
    BOOST_TEST(catalog->commits() == 0u);
    BOOST_TEST(catalog->state().functions.empty());
  }

  BOOST_AUTO_TEST_CASE(a_store_that_moved_on_is_read_again) {
    start();
    // Another leader wrote meanwhile.
    store->state().at.number = 7;
    store->state().secrets[secret_name{"theirs"}]
      = *plain_sealer{}.seal(secret_name{"theirs"}, 7, "v");
    const auto made = put("db", "one");
    BOOST_REQUIRE(made);
    BOOST_TEST(made->version == 8u);
    BOOST_TEST((ask<std::vector<secret_status>, secrets_call>()->size()) == 2u);
  }

  BOOST_AUTO_TEST_CASE(a_commit_that_failed_changes_nothing) {
    start();
    BOOST_REQUIRE(put("db", "one"));
    store->fail_next_commit({errc::storage_full, "disk full"});
    BOOST_TEST((put("db", "two").error().code == errc::storage_full));
    BOOST_REQUIRE(deploy("f", 1, {"db"}));
    BOOST_TEST((wanted(edge, "db").value.view() == "one"));
  }

  BOOST_AUTO_TEST_CASE(the_list_has_users_and_no_values) {
    start();
    BOOST_REQUIRE(put("db", "one"));
    BOOST_REQUIRE(put("free", "two"));
    BOOST_REQUIRE(deploy("f", 1, {"db"}));
    BOOST_REQUIRE(deploy("g", 1, {"db"}));
    const auto all = *ask<std::vector<secret_status>, secrets_call>();
    BOOST_REQUIRE(all.size() == 2u);
    BOOST_TEST(all[0].name.str() == "db");
    BOOST_TEST((all[0].users
                == std::vector{function_name{"f"}, function_name{"g"}}));
    BOOST_TEST(all[1].users.empty());
  }

  BOOST_AUTO_TEST_CASE(another_key_is_told_to_the_node) {
    store->state().secrets[secret_name{"db"}]
      = *plain_sealer{"k0"}.seal(secret_name{"db"}, 1, "v");
    start();
    BOOST_REQUIRE(deploy("f", 1, {"db"}));
    const auto refused = wanted(edge, "db");
    BOOST_TEST((refused.why.code == errc::unavailable));
    BOOST_TEST(refused.value.empty());
  }

  BOOST_AUTO_TEST_CASE(a_controller_without_a_store_says_so) {
    start(false);
    BOOST_TEST((put("db", "v").error().code == errc::unavailable));
    BOOST_TEST((remove("db").error().code == errc::unavailable));
    BOOST_TEST(!!deploy("f", 1, {}));
    BOOST_TEST(!deploy("g", 1, {"db"}));
  }

BOOST_AUTO_TEST_SUITE_END()
