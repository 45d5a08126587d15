// What a node says of versions that are being brought to it.
#include "actors/functions/coming_versions.hpp"
#include "actors/functions/deployment_facts.hpp"
#include "tests/support/answers.hpp"
#include "tests/support/hand_clock.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

/// This node gets a version that another one has.
struct coming_world {
  coming_world() {
    known.self = node_name{"edge-1"};
    ready_at("cloud-1");
    what.now.version = version;
    what.now.status.node = known.self;
    what.now.status.state = instance_state::pulling;
    what.pending = host;
    what.pull = pull;
    note();
  }
  void ready_at(const std::string& node) {
    auto view = std::make_shared<cluster_view>();
    placement at;
    at.version = version;
    at.status.node = node_name{node};
    at.status.state = instance_state::ready;
    view->placements.push_back(at);
    known.view = view;
  }
  void note() {
    known.own[version] = what.now;
    coming.note(known, what, clock.t);
  }
  void came(uint64_t got, uint64_t left) {
    pull->got = got;
    pull->left = left;
    pull->began_ns = time_point{1h}.time_since_epoch().count();
    pull->heard_ns = clock.t.time_since_epoch().count();
    pull->known = true;
  }
  std::optional<deployment_said> said() const {
    return deployment_in(known.own.at(version).status.facts);
  }
  void send(uint64_t token) {
    invocation event;
    event.deadline = clock.t + 1h;
    host->submit(std::move(event), got->promise(token));
  }

  const version_ref version{function_name{"f"}, 1};
  hand_clock clock;
  known_state known;
  placement_changed what;
  std::shared_ptr<test::answers> got = test::answers::make();
  std::shared_ptr<pull_progress> pull = std::make_shared<pull_progress>();
  std::shared_ptr<pending_host> host = std::make_shared<pending_host>(
    version, clock, std::make_shared<waiting_room>());
  coming_versions coming;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(coming_versions_test, coming_world)

  BOOST_AUTO_TEST_CASE(it_says_how_far_a_pull_is) {
    BOOST_TEST(!said()); // not one byte
    BOOST_TEST(!coming.look(known, clock.t));
    clock.t += 700ms;
    came(1000, 9000);
    BOOST_TEST(coming.look(known, clock.t));
    BOOST_REQUIRE(said());
    BOOST_TEST((*said()
                == deployment_said{{1000, 9000, 700}, std::nullopt}));
    clock.t += 300ms; // nothing more, but time
    BOOST_TEST(coming.look(known, clock.t));
    BOOST_TEST(said()->pull.elapsed_ms == 1000);
  }

  BOOST_AUTO_TEST_CASE(it_says_less_often_the_longer_it_takes) {
    size_t words = 0;
    for (int i = 0; i < 120; ++i) { // a minute
      clock.t += 500ms;
      came(100 * static_cast<uint64_t>(i), 100'000);
      words += coming.look(known, clock.t);
    }
    BOOST_TEST(words > 15u);
    BOOST_TEST(words < 45u);
    const auto last = said()->pull.elapsed_ms;
    BOOST_TEST(last > 53'000);
    clock.t += coming_versions::stall; // that is said at once
    BOOST_TEST(coming.look(known, clock.t));
    BOOST_TEST(!said());
  }

  BOOST_AUTO_TEST_CASE(it_says_since_when_it_loads) {
    what.now.status.state = instance_state::loading;
    what.loading_since = clock.t;
    note();
    BOOST_REQUIRE(said());
    BOOST_TEST(*said()->loading_ms == 0);
    clock.t += 250ms;
    BOOST_TEST(coming.look(known, clock.t));
    BOOST_TEST(*said()->loading_ms == 250);
    BOOST_TEST(known.pending.contains(version));
  }

  BOOST_AUTO_TEST_CASE(nobody_is_told_while_nobody_has_it) {
    ready_at("edge-1"); // an old word on this node
    came(1000, 9000);
    BOOST_TEST(!coming.look(known, clock.t));
    BOOST_TEST(!said());
    ready_at("cloud-1");
    BOOST_TEST(coming.look(known, clock.t));
    BOOST_TEST(bool(said()));
  }

  BOOST_AUTO_TEST_CASE(of_a_pull_that_is_stuck_it_says_nothing) {
    came(1000, 9000);
    coming.look(known, clock.t);
    send(1);
    clock.t += coming_versions::stall - 1ms;
    coming.look(known, clock.t);
    BOOST_TEST(bool(said()));
    BOOST_TEST(!got->has(1));
    clock.t += 1ms;
    BOOST_TEST(coming.look(known, clock.t));
    BOOST_TEST(!said());
    BOOST_TEST((got->all().at(1).code == errc::unavailable));
    send(2);
    BOOST_TEST(got->has(2));
    came(2000, 8000); // it goes on
    BOOST_TEST(coming.look(known, clock.t));
    BOOST_TEST(bool(said()));
    send(3);
    BOOST_TEST(!got->has(3));
  }

  BOOST_AUTO_TEST_CASE(what_was_stuck_and_is_here_takes_events_again) {
    came(1000, 9000);
    clock.t += 5s;
    coming.look(known, clock.t);
    what.now.status.state = instance_state::loading;
    what.loading_since = clock.t;
    note();
    send(1);
    BOOST_TEST(!got->has(1));
  }

  BOOST_AUTO_TEST_CASE(late_events_are_answered) {
    invocation event;
    event.deadline = clock.t + 1s;
    host->submit(std::move(event), got->promise(1));
    clock.t += 1s;
    coming.look(known, clock.t);
    BOOST_TEST((got->all().at(1).code == errc::deadline_exceeded));
  }

  BOOST_AUTO_TEST_CASE(ready_or_dropped_it_is_no_place_to_wait) {
    send(1);
    BOOST_TEST(known.pending.contains(version));
    BOOST_TEST(coming.drop(known, version));
    BOOST_TEST((got->all().at(1).code == errc::unavailable));
    BOOST_TEST(known.pending.empty());
    BOOST_TEST(coming.empty());
    BOOST_TEST(!coming.drop(known, version));
    note();
    what.pending = nullptr;
    what.now.status.state = instance_state::ready;
    note();
    BOOST_TEST(known.pending.empty());
    BOOST_TEST(coming.empty());
  }

  BOOST_AUTO_TEST_CASE(only_whole_numbers_are_believed) {
    const string_map good{
      {"pull_got", "5"}, {"pull_left", "7"}, {"pull_ms", "9"}};
    BOOST_TEST((deployment_in(good)
                == deployment_said{{5, 7, 9}, std::nullopt}));
    BOOST_TEST(!deployment_in({}));
    for (const auto* odd : {"", "-1", "1e9", "nan", "5 ", "99999999999999999"})
      for (const auto& [key, value] : good) {
        auto facts = good;
        facts[key] = odd;
        BOOST_TEST(!deployment_in(facts), key + " " + odd);
      }
    BOOST_TEST(!deployment_in({{"loading_ms", "soon"}}));
    string_map facts{{"load_ms", "3"}};
    say_pull(facts, {1.4, 2.6, 1e4});
    BOOST_TEST(facts.at("pull_left") == "3");
    say_loading(facts, 1500ms);
    BOOST_TEST((facts == string_map{{"load_ms", "3"}, {"loading_ms", "1500"}}));
    forget_deployment(facts);
    BOOST_TEST((facts == string_map{{"load_ms", "3"}}));
  }

BOOST_AUTO_TEST_SUITE_END()
