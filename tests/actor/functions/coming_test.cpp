// Events that wait on a node for a version that is being brought to it.
#include "actors/functions/deployment_facts.hpp"
#include "tests/actor/functions/agent_world.hpp"
#include "tests/support/answers.hpp"

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

/// A version on its way to this node, which another node has.
struct coming_world : agent_world {
  coming_world() {
    script.answer.reset();
    hosts.load_at_once = false;
    view(1, {{"f"}});
    auto made = std::make_shared<cluster_view>(*shared);
    placement ready;
    ready.version = ref("f");
    ready.status.node = node_name{"n2"};
    ready.status.state = instance_state::ready;
    made->placements.push_back(ready);
    caf::anon_send(agent, local<cluster_view>{made});
    settle();
  }
  void came(uint64_t got, uint64_t left) {
    auto& pull = *script.asked.back().progress;
    pull.got = got;
    pull.left = left;
    pull.heard_ns = clock.now().time_since_epoch().count();
    if (!pull.known)
      pull.began_ns = pull.heard_ns.load();
    pull.known = true;
  }
  void send(uint64_t token) {
    invocation event;
    event.path = std::to_string(token);
    event.deadline = clock.now() + 1h;
    routing.got.back().hosts.at(ref("f"))->submit(std::move(event),
                                                  got->promise(token));
  }
  std::optional<deployment_said> said() const {
    return deployment_in(reported->placements.at(0).status.facts);
  }
  std::shared_ptr<answers> got = answers::make();
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(coming_test, coming_world)

  BOOST_AUTO_TEST_CASE(events_wait_until_it_serves) {
    BOOST_TEST((serving() == std::set{ref("f")}));
    send(1);
    script.asked.at(0).done(std::filesystem::path{"/bundle"});
    settle();
    send(2);
    hosts.events.at(0).loaded({});
    settle();
    send(3);
    BOOST_REQUIRE_EQUAL(hosts.hosts.at(0)->waiting.size(), 3u);
    for (size_t i = 0; i < 3; ++i)
      BOOST_TEST(hosts.hosts[0]->waiting[i].event.path
                 == std::to_string(i + 1));
    BOOST_TEST((routing.got.back().hosts.at(ref("f")) == hosts.hosts[0]));
    BOOST_TEST(!said());
  }

  BOOST_AUTO_TEST_CASE(how_far_it_is_is_told_twice_a_second_at_most) {
    BOOST_TEST(!said());
    size_t reports = 0;
    local<node_placements> last;
    const auto run = [&](duration time) {
      for (duration d{}; d < time; d += 10ms) {
        advance(10ms);
        reports += reported != last;
        last = reported;
      }
    };
    run(600ms);
    reports = 0;
    for (uint64_t i = 1; i <= 10; ++i) {
      came(1000 * i, 20'000 - 1000 * i);
      run(500ms);
      BOOST_REQUIRE(said());
      BOOST_TEST(said()->pull.left == 20'000 - 1000. * double(i));
    }
    BOOST_TEST(reports >= 8u);
    BOOST_TEST(reports <= 11u);
    script.asked.at(0).done(std::filesystem::path{"/bundle"});
    run(1s);
    BOOST_REQUIRE(said());
    BOOST_TEST(said()->loading_ms.value_or(0) >= 500);
  }

  BOOST_AUTO_TEST_CASE(a_bundle_that_came_tells_how_long_it_took) {
    came(0, 5000);
    advance(2s);
    auto& pull = *script.asked.at(0).progress;
    pull.got = 5000;
    pull.left = 0;
    pull.heard_ns = clock.now().time_since_epoch().count();
    script.asked.at(0).done(std::filesystem::path{"/bundle"});
    settle();
    hosts.events.at(0).loaded({});
    settle();
    const auto took = pull_in(reported->placements.at(0).status.facts);
    BOOST_REQUIRE(took);
    BOOST_TEST(took->got == 5000);
    BOOST_TEST(took->elapsed_ms == 2000);
  }

  BOOST_AUTO_TEST_CASE(when_it_fails_they_may_go_elsewhere) {
    send(1);
    script.asked.at(0).done(error{errc::bad_bundle, "wrong bytes", "deploy"});
    settle();
    BOOST_REQUIRE(got->has(1));
    BOOST_TEST((got->all().at(1).code == errc::unavailable));
    BOOST_TEST(!got->all().at(1).started);
    BOOST_TEST(got->all().at(1).message.find("wrong bytes")
               != std::string::npos);
    BOOST_TEST(serving().empty());
  }

  BOOST_AUTO_TEST_CASE(a_load_that_fails_gives_them_back_too) {
    send(1);
    script.asked.at(0).done(std::filesystem::path{"/bundle"});
    settle();
    hosts.events.at(0).loaded(error{errc::bad_bundle, "no table", ""});
    settle();
    BOOST_REQUIRE(got->has(1));
    BOOST_TEST((got->all().at(1).code == errc::unavailable));
    BOOST_TEST(hosts.hosts.at(0)->submitted == 0);
  }

  BOOST_AUTO_TEST_CASE(each_try_has_its_own_place_to_wait) {
    script.asked.at(0).done(error{errc::unavailable, "nobody has it", ""});
    settle();
    BOOST_TEST(serving().empty());
    advance(600ms); // it tries again
    BOOST_REQUIRE_EQUAL(script.asked.size(), 2u);
    BOOST_TEST((serving() == std::set{ref("f")}));
    send(1);
    BOOST_TEST(!got->has(1));
  }

  BOOST_AUTO_TEST_CASE(not_wanted_any_more_they_go_back_at_once) {
    send(1);
    view(2, {{"f", 1, false}});
    BOOST_TEST(got->has(1));
    BOOST_TEST(serving().empty());
  }

  BOOST_AUTO_TEST_CASE(a_node_that_stops_gives_them_back) {
    send(1);
    stop(agent);
    BOOST_TEST(got->has(1));
    BOOST_TEST(!got->all().at(1).started);
  }

BOOST_AUTO_TEST_SUITE_END()
