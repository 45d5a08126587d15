#include "actors/functions/function_actor.hpp"
#include "tests/actor/functions/fake_keeper.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/fake_host.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

using state = instance_state;

/// Keeps wishes until the test grants them.
struct fake_vault {
  std::vector<need_secrets> wishes;
  void grant() {
    const auto wish = wishes.back();
    wish.done({wish.stamps, std::filesystem::path{"/secrets/f.3"}});
  }
  void deny(error why) { wishes.back().done({{}, std::move(why)}); }
};
vault_actor spawn_fake_vault(caf::actor_system& system, fake_vault& to) {
  return system.spawn([&to]() -> vault_actor::behavior_type {
    return {
      [&to](const local<need_secrets>& what) { to.wishes.push_back(*what); },
      [](const local<drop_secrets>&) {},
      [](const local<secret_arrived>&) {},
      [](const local<secret_source>&) {},
      [](caf::tick_atom) {},
    };
  });
}

struct secrets_world : actor_fixture {
  secrets_world() {
    keeper = spawn_fake_keeper(system, script);
    vault = spawn_fake_vault(system, wishes);
  }
  ~secrets_world() {
    if (function)
      stop(function);
    for (const auto& host : hosts.hosts)
      host->end_close();
    function = nullptr;
    stop(keeper);
    stop(vault);
    keeper = nullptr;
    vault = nullptr;
  }
  void start(string_map stamps = {{"db", "1"}}) {
    function_config config;
    config.version = {function_name{"f"}, 3};
    config.spec.name = function_name{"f"};
    config.spec.secrets = {"db"};
    config.spec.petrel.on_secret = policy;
    config.node = node_name{"n1"};
    config.hosts = &hosts;
    config.logs = &logs;
    config.counters = &counters;
    config.clock = &clock;
    config.keeper = keeper;
    config.vault = vault;
    config.secrets = std::move(stamps);
    config.report = [this](local<placement_changed> what) { last = *what; };
    function = spawn_function(system, std::move(config));
    settle();
  }
  void grant() {
    wishes.grant();
    settle();
  }
  void move_to(const std::string& stamp) {
    caf::anon_send(function, make_local(secrets_moved{{{"db", stamp}}}));
    settle();
  }
  bool is(state expected) { return last.now.status.state == expected; }
  bool says(std::string_view text) {
    return last.now.status.reason.find(text) != std::string::npos;
  }
  /// The host that events are given to.
  bool serves(size_t number) {
    return last.host == hosts.hosts.at(number);
  }

  secret_policy policy = secret_policy::restart;
  census counters;
  log_book logs;
  fake_hosts hosts;
  keeper_script script;
  fake_vault wishes;
  keeper_actor keeper;
  vault_actor vault;
  function_actor function;
  placement_changed last;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(function_secrets_test, secrets_world)

  BOOST_AUTO_TEST_CASE(the_files_are_there_before_the_code_runs) {
    start();
    BOOST_TEST(hosts.requests.empty());
    BOOST_REQUIRE(wishes.wishes.size() == 1u);
    BOOST_TEST((wishes.wishes[0].stamps == string_map{{"db", "1"}}));
    grant();
    BOOST_TEST(is(state::ready));
    BOOST_REQUIRE(hosts.requests.at(0).secrets);
    BOOST_TEST(hosts.requests[0].secrets->path_of("db") == "/secrets/f.3/db");
    BOOST_TEST(hosts.requests[0].secrets->path_of("other").empty());
  }

  BOOST_AUTO_TEST_CASE(a_secret_that_does_not_exist_is_waited_for) {
    start({});
    BOOST_TEST(is(state::failed));
    BOOST_TEST(says("'db' does not exist"));
    advance(5min, 1s);
    BOOST_TEST(wishes.wishes.empty());
    move_to("1");
    grant();
    BOOST_TEST(is(state::ready));
  }

  BOOST_AUTO_TEST_CASE(one_that_cannot_be_had_is_asked_for_with_back_off) {
    start();
    wishes.deny({errc::unavailable, "no controller"});
    settle();
    BOOST_TEST(is(state::failed));
    BOOST_TEST(says("no controller"));
    advance(500ms);
    BOOST_TEST(wishes.wishes.size() == 2u);
    grant();
    BOOST_TEST(is(state::ready));
  }

  BOOST_AUTO_TEST_CASE(new_instances_take_over_when_they_are_ready) {
    start();
    grant();
    hosts.load_at_once = false;
    move_to("2");
    grant();
    BOOST_TEST(hosts.hosts.size() == 2u);
    BOOST_TEST(is(state::ready));
    BOOST_TEST(serves(0)); // the new one still loads
    hosts.events[1].loaded({});
    settle();
    BOOST_TEST(is(state::ready));
    BOOST_TEST(serves(1));
    // The old one takes what is on its way for two seconds.
    hosts.hosts[0]->close_at_once = false;
    advance(1900ms);
    BOOST_TEST(!hosts.hosts[0]->on_closed);
    advance(200ms);
    BOOST_TEST(!!hosts.hosts[0]->on_closed);
    BOOST_TEST(!hosts.hosts[1]->on_closed);
  }

  BOOST_AUTO_TEST_CASE(instances_that_cannot_start_leave_the_old_ones) {
    start();
    grant();
    hosts.load_at_once = false;
    move_to("2");
    grant();
    hosts.events[1].loaded(error{errc::bad_bundle, "no use"});
    settle();
    BOOST_TEST(is(state::ready));
    BOOST_TEST(serves(0));
    BOOST_TEST(says("no use"));
    advance(5min, 1s);
    BOOST_TEST(hosts.hosts.size() == 2u); // the same value fails again
    hosts.load_at_once = true;
    move_to("3");
    grant();
    BOOST_TEST(serves(2));
    BOOST_TEST(last.now.status.reason.empty());
  }

  BOOST_AUTO_TEST_CASE(a_value_that_cannot_be_had_leaves_the_old_ones) {
    start();
    grant();
    move_to("2");
    wishes.deny({errc::unavailable, "no controller"});
    settle();
    BOOST_TEST(is(state::ready));
    BOOST_TEST(serves(0));
    BOOST_TEST(says("no controller"));
    advance(500ms);
    BOOST_TEST(wishes.wishes.size() == 3u);
    grant();
    BOOST_TEST(serves(1));
    BOOST_TEST(last.now.status.reason.empty());
  }

  BOOST_AUTO_TEST_CASE(a_change_during_a_change_comes_after_it) {
    start();
    grant();
    hosts.load_at_once = false;
    move_to("2");
    grant();
    move_to("3");
    BOOST_TEST(wishes.wishes.size() == 2u);
    hosts.events[1].loaded({});
    settle();
    BOOST_TEST(wishes.wishes.size() == 3u);
    grant();
    hosts.events[2].loaded({});
    settle();
    BOOST_TEST(serves(2));
  }

  BOOST_AUTO_TEST_CASE(a_change_while_it_loads_comes_after_it) {
    hosts.load_at_once = false;
    start();
    grant();
    move_to("2");
    BOOST_TEST(wishes.wishes.size() == 1u);
    hosts.events[0].loaded({});
    settle();
    BOOST_TEST(is(state::ready));
    BOOST_TEST(wishes.wishes.size() == 2u);
    hosts.load_at_once = true;
    grant();
    BOOST_TEST(serves(1));
  }

  BOOST_AUTO_TEST_CASE(told_instances_stay) {
    policy = secret_policy::notify;
    start();
    grant();
    const auto seen = hosts.requests[0].secrets;
    BOOST_TEST(seen->changes() == 0u);
    move_to("2");
    grant();
    BOOST_TEST(hosts.hosts.size() == 1u);
    BOOST_TEST((seen->changed_since(0) == std::vector<std::string>{"db"}));
    move_to("2");
    BOOST_TEST(wishes.wishes.size() == 2u);
    BOOST_TEST(seen->changes() == 1u);
  }

  BOOST_AUTO_TEST_CASE(it_ends_when_all_its_hosts_have) {
    start();
    grant();
    move_to("2");
    grant();
    BOOST_TEST(hosts.hosts.size() == 2u);
    for (const auto& host : hosts.hosts)
      host->close_at_once = false;
    caf::anon_send(function, caf::close_atom::value);
    settle();
    BOOST_TEST(is(state::draining));
    hosts.hosts[1]->end_close();
    settle();
    BOOST_TEST(counters.of(actor_kind::function).alive == 1u);
    hosts.hosts[0]->end_close();
    settle();
    BOOST_TEST(counters.of(actor_kind::function).alive == 0u);
  }

BOOST_AUTO_TEST_SUITE_END()
