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

struct function_world : actor_fixture {
  function_world() { keeper = spawn_fake_keeper(system, script); }
  ~function_world() {
    if (function)
      stop(function);
    function = nullptr;
    stop(keeper);
    keeper = nullptr;
  }

  void start() {
    function_config config;
    config.version = {function_name{"f"}, 3};
    config.spec.name = function_name{"f"};
    config.spec.petrel.concurrency = 4;
    config.node = node_name{"n1"};
    config.hosts = &hosts;
    config.logs = &logs;
    config.counters = &counters;
    config.clock = &clock;
    config.keeper = keeper;
    config.report = [this](local<placement_changed> what) {
      states.push_back(what->now.status.state);
      last = *what;
    };
    function = spawn_function(system, std::move(config));
    settle();
  }
  void close() {
    caf::anon_send(function, caf::close_atom::value);
    settle();
  }
  bool ended() { return counters.of(actor_kind::function).alive == 0; }
  bool saw(std::vector<state> expected) {
    return std::exchange(states, {}) == expected;
  }

  census counters;
  log_book logs;
  fake_hosts hosts;
  keeper_script script;
  keeper_actor keeper;
  function_actor function;
  std::vector<state> states;
  placement_changed last;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(function_actor_test, function_world)

  BOOST_AUTO_TEST_CASE(it_pulls_loads_and_is_ready) {
    start();
    BOOST_TEST(saw({state::pulling, state::loading, state::ready}));
    BOOST_TEST(bool(last.host));
    BOOST_TEST(last.now.version.version == 3u);
    BOOST_TEST(last.now.status.node.str() == "n1");
    // Of its four instances, as many as threads of the node may wait for at once.
    BOOST_TEST(last.now.status.slots == hosts.threads().waiting);
    BOOST_TEST(last.now.status.slots < 4u);
    BOOST_TEST(last.now.status.facts.count("load_ms") == 1u);
    BOOST_TEST(last.now.status.facts.at("fake") == "yes");
    BOOST_TEST(hosts.requests[0].folder == "/bundle");
  }

  BOOST_AUTO_TEST_CASE(it_has_no_host_until_loading_ended) {
    hosts.load_at_once = false;
    start();
    BOOST_TEST(saw({state::pulling, state::loading}));
    BOOST_TEST(!last.host);
    hosts.events[0].loaded({});
    settle();
    BOOST_TEST(saw({state::ready}));
  }

  BOOST_AUTO_TEST_CASE(what_samples_took_is_a_profile_and_no_load) {
    hosts.load_at_once = false;
    start();
    advance(5s);
    hosts.hosts[0]->says["samples_ms"] = "3000";
    hosts.hosts[0]->points = {{2, 7}};
    hosts.events[0].loaded({});
    settle();
    BOOST_TEST(last.now.status.facts.at("load_ms") == "2000");
    BOOST_REQUIRE(last.now.profile.size() == 1u);
    BOOST_TEST(last.now.profile[0].ms == 7);
  }

  BOOST_AUTO_TEST_CASE(refused_by_the_hosts_it_stays_failed_and_says_why) {
    hosts.refuse = error{errc::forbidden, "not trusted", "trust it"};
    start();
    BOOST_TEST(saw({state::pulling, state::loading, state::failed}));
    BOOST_TEST(last.now.status.reason.find("not trusted") != std::string::npos);
    BOOST_TEST(last.now.status.reason.find("trust it") != std::string::npos);
    BOOST_TEST(logs.query({function_name{"f"}}).size() == 1u);
    advance(5min, 1s);
    BOOST_TEST(states.empty());
  }

  BOOST_AUTO_TEST_CASE(a_bad_bundle_stays_failed) {
    hosts.load_at_once = false;
    start();
    hosts.events[0].loaded(error{errc::bad_bundle, "no table"});
    settle();
    BOOST_TEST((last.now.status.state == state::failed));
    advance(5min, 1s);
    BOOST_TEST(hosts.requests.size() == 1u);
    BOOST_TEST(script.asked.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(an_unavailable_bundle_is_asked_for_with_back_off) {
    script.answer = error{errc::unavailable, "no node has it"};
    start();
    BOOST_TEST(saw({state::pulling, state::failed}));
    advance(490ms);
    BOOST_TEST(script.asked.size() == 1u);
    advance(10ms);
    BOOST_TEST(script.asked.size() == 2u);
    advance(990ms);
    BOOST_TEST(script.asked.size() == 2u); // twice the pause
    advance(10ms);
    BOOST_TEST(script.asked.size() == 3u);
    advance(10min, 1s);
    const auto asked = script.asked.size();
    BOOST_TEST(asked > 20u);
    BOOST_TEST(asked < 30u); // one per 30 s at last
    script.answer = result<std::filesystem::path>{std::filesystem::path{"/b"}};
    advance(31s, 1s);
    BOOST_TEST((last.now.status.state == state::ready));
    BOOST_TEST(last.now.status.reason.empty());
    advance(5min, 1s);
    BOOST_TEST(script.asked.size() == asked + 1);
  }

  BOOST_AUTO_TEST_CASE(a_quarantine_is_reported_with_its_reason) {
    start();
    hosts.events[0].quarantined("three calls past their deadline");
    settle();
    BOOST_TEST((last.now.status.state == state::quarantined));
    BOOST_TEST(last.now.status.reason == "three calls past their deadline");
    BOOST_TEST(!last.host);
  }

  BOOST_AUTO_TEST_CASE(closed_when_ready_it_drains_first) {
    start();
    hosts.hosts[0]->close_at_once = false;
    states.clear();
    close();
    BOOST_TEST(saw({state::draining}));
    BOOST_TEST(!last.host);
    BOOST_TEST(!ended());
    close(); // once more changes nothing
    hosts.events[0].quarantined("too late");
    settle();
    BOOST_TEST(states.empty());
    hosts.hosts[0]->end_close();
    settle();
    BOOST_TEST(ended());
  }

  BOOST_AUTO_TEST_CASE(closed_while_pulling_it_ends_at_once) {
    script.answer.reset();
    start();
    close();
    BOOST_TEST(ended());
    script.asked[0].done(std::filesystem::path{"/late"});
    settle();
    BOOST_TEST(hosts.requests.empty());
  }

  BOOST_AUTO_TEST_CASE(closed_while_loading_it_closes_the_host) {
    hosts.load_at_once = false;
    start();
    close();
    BOOST_TEST(ended()); // the fake host closes at once
    hosts.events[0].loaded({});
    settle();
    BOOST_TEST((states.back() == state::draining));
  }

  BOOST_AUTO_TEST_CASE(closed_while_it_waits_to_try_again_it_ends) {
    script.answer = error{errc::unavailable, "no node has it"};
    start();
    close();
    BOOST_TEST(ended());
    advance(1min, 1s);
    BOOST_TEST(script.asked.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(what_is_wanted_before_there_is_a_host_is_kept_for_it) {
    script.answer.reset();
    start();
    caf::anon_send(function, make_local(scale_moved{{3, 7, true}}));
    settle();
    script.asked[0].done(std::filesystem::path{"/bundle"});
    settle();
    BOOST_REQUIRE_EQUAL(hosts.requests.size(), 1u);
    BOOST_TEST((hosts.requests[0].scale == scale_order{3, 7, true}));
    caf::anon_send(function, make_local(scale_moved{}));
    settle();
    BOOST_TEST((hosts.hosts[0]->orders == std::vector{scale_order{}}));
  }

  BOOST_AUTO_TEST_CASE(lines_of_the_function_carry_the_node) {
    start();
    log_line line;
    line.function = function_name{"f"};
    line.text = "hello";
    hosts.events[0].log(line);
    const auto kept = logs.query({function_name{"f"}});
    BOOST_REQUIRE_EQUAL(kept.size(), 1u);
    BOOST_TEST(kept[0].instance == "n1");
  }

  BOOST_AUTO_TEST_SUITE_END()
