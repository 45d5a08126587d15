// What is due for rollouts under way, under fake time.
#include "actors/control/rollout_courses.hpp"

#include "libfaas/core/random.hpp"
#include "libfaas/rollout/sample.hpp"
#include "tests/support/catalog_commands.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::testing;
using namespace std::chrono_literals;
using rollout::phase;

namespace {

const function_name f{"f"};

struct world {
  world() {
    carry_out(deploy_of("f", 1), wall_time{});
    auto canary = deploy_of("f", 2);
    canary.spec.petrel.rollout = {{10, 50}, 30s};
    carry_out(canary, wall_time{});
  }
  template <class... Parts>
  void carry_out(const Parts&... parts) {
    const auto change = plan(state, parts...);
    BOOST_REQUIRE(change);
    apply(state, *change);
    courses.follow(state.functions.at(f), now);
  }
  /// What is due now; carried out unless the store fails.
  std::vector<advance_command> look(duration later = 1s, bool stored = true) {
    now += later;
    auto all = courses.due(now, [&](const function_name& function, uint32_t v) {
      BOOST_TEST((function == f && v == 2u));
      return warmth;
    });
    if (stored)
      for (const auto& command : all)
        carry_out(command, wall_time{});
    return all;
  }
  void warm() {
    warmth.now = warm_up::state::ready;
    BOOST_REQUIRE_EQUAL(look().size(), 1u);
  }
  /// Events of both versions at a site of 20 ms.
  void play(int events, double slower = 1, double failing = 0,
            const std::string& site = "edge-1/cpu") {
    for (const uint32_t version : {1u, 2u}) {
      wire::version_evidence seen{{f, version}, site_name{site}, {}};
      for (int i = 0; i < events; ++i)
        seen.samples.push_back(rollout::pack(
          {version == 2 && random.uniform() < failing,
           20 * std::exp(0.3 * random.normal())
             * (version == 2 ? slower : 1)}));
      courses.add(seen);
    }
  }
  const rollout_record& record() {
    return *state.functions.at(f).traffic.rollout;
  }

  catalog_state state{{"history", 0}, {}, {}};
  rollout_courses courses;
  time_point now = time_point{} + 1h;
  warm_up warmth;
  random_source random{4};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(rollout_courses_test, world)

BOOST_AUTO_TEST_CASE(nothing_moves_before_the_version_is_ready) {
  for (int i = 0; i < 100; ++i)
    BOOST_TEST(look().empty());
  play(1000);
  BOOST_TEST(look().empty());
  warm();
  BOOST_TEST((record().phase == phase::stepping));
  BOOST_TEST(record().share() == 10u);
}

BOOST_AUTO_TEST_CASE(good_evidence_moves_it_to_the_end) {
  warm();
  play(400);
  BOOST_TEST(look(28s).empty()); // a step lasts its time
  BOOST_TEST(look(2s).size() == 1u);
  BOOST_TEST(record().share() == 50u);
  BOOST_TEST(look(31s).empty()); // each step needs its own
  play(400);
  BOOST_TEST(look().size() == 1u);
  BOOST_TEST((record().phase == phase::promoted));
  BOOST_TEST(state.functions.at(f).current == 2u);
  BOOST_TEST(look(1h).empty());
}

BOOST_AUTO_TEST_CASE(bad_evidence_rolls_it_back_with_the_reason) {
  warm();
  play(300, 1.7);
  const auto due = look();
  BOOST_REQUIRE_EQUAL(due.size(), 1u);
  BOOST_TEST((record().phase == phase::rolled_back));
  BOOST_TEST(record().reason.starts_with("too slow beside version 1"));
  BOOST_TEST(state.functions.at(f).current == 1u);
}

BOOST_AUTO_TEST_CASE(errors_roll_it_back) {
  warm();
  play(300, 1, 0.3);
  look();
  BOOST_TEST((record().phase == phase::rolled_back));
  BOOST_TEST(record().reason.starts_with("too many errors"));
}

BOOST_AUTO_TEST_CASE(a_millisecond_is_no_difference) {
  warm();
  for (const uint32_t version : {1u, 2u})
    courses.add({{f, version}, site_name{"edge-1/cpu"},
                 std::vector<uint64_t>(
                   400, rollout::pack({false, version == 1 ? 0.01 : 0.5}))});
  BOOST_TEST(look(31s).size() == 1u);
  BOOST_TEST(record().share() == 50u);
}

BOOST_AUTO_TEST_CASE(what_is_not_stored_is_proposed_again) {
  warm();
  play(300, 1.7);
  const auto first = look(1s, false), second = look(1s, false);
  BOOST_REQUIRE_EQUAL(first.size(), 1u);
  BOOST_REQUIRE_EQUAL(second.size(), 1u);
  BOOST_TEST((first[0].id == second[0].id));
  BOOST_TEST(!first[0].id.empty());
  BOOST_TEST((record().phase == phase::stepping));
  look();
  BOOST_TEST((record().phase == phase::rolled_back));
}

BOOST_AUTO_TEST_CASE(a_version_that_cannot_start_is_rolled_back) {
  warmth = {warm_up::state::failed, "edge-1: no table"};
  BOOST_TEST(look().empty()); // it may pass
  BOOST_TEST(look(4s).empty());
  warmth = {};
  BOOST_TEST(look(4s).empty());
  warmth = {warm_up::state::failed, "edge-1: no table"};
  BOOST_TEST(look().empty());
  BOOST_TEST(look(rollout_courses::patience).size() == 1u);
  BOOST_TEST((record().phase == phase::rolled_back));
  BOOST_TEST(record().reason == "it cannot start: edge-1: no table");
}

BOOST_AUTO_TEST_CASE(one_that_fails_later_is_rolled_back_too) {
  warm();
  warmth = {warm_up::state::failed, "edge-1: three threads written off"};
  look();
  look(rollout_courses::patience);
  BOOST_TEST((record().phase == phase::rolled_back));
}

BOOST_AUTO_TEST_CASE(paused_it_stays_and_is_watched) {
  warm();
  using action = rollout_command::action;
  carry_out(rollout_command{{}, f, action::pause, ""}, wall_time{});
  play(400);
  BOOST_TEST(look(1min).empty());
  carry_out(rollout_command{{}, f, action::resume, ""}, wall_time{});
  BOOST_TEST(look().empty()); // its time begins again
  BOOST_TEST(look(31s).size() == 1u);
  carry_out(rollout_command{{}, f, action::pause, ""}, wall_time{});
  play(400, 2);
  BOOST_TEST(look().size() == 1u);
  BOOST_TEST((record().phase == phase::rolled_back));
}

BOOST_AUTO_TEST_CASE(after_a_restart_the_step_waits_for_new_evidence) {
  warm();
  play(400);
  look(31s);
  BOOST_TEST(record().share() == 50u);
  play(400);
  rollout_courses again;
  again.follow(state.functions.at(f), now);
  std::swap(courses, again);
  BOOST_TEST(courses.compared(f) == 0u);
  BOOST_TEST(look(1h).empty());
  play(400);
  BOOST_TEST(look().size() == 1u);
  BOOST_TEST((record().phase == phase::promoted));
}

BOOST_AUTO_TEST_CASE(another_version_begins_anew) {
  warm();
  play(300, 1.7);
  auto next = deploy_of("f", 3);
  next.spec.petrel.rollout = {{5}, 30s};
  carry_out(next, wall_time{});
  BOOST_TEST(courses.compared(f) == 0u);
  courses.forget(f);
  BOOST_TEST(courses
               .due(now, [](const auto&, uint32_t) { return warm_up{}; })
               .empty());
}

BOOST_AUTO_TEST_CASE(evidence_is_bounded_and_of_known_functions_only) {
  warm();
  for (size_t i = 0; i < rollout_courses::max_sites + 10; ++i)
    play(60, 1, 0, "n" + std::to_string(i) + "/cpu");
  BOOST_TEST(courses.compared(f) == 60 * rollout_courses::max_sites);
  courses.add({{function_name{"g"}, 2}, site_name{"n/cpu"}, {1, 2}});
}

BOOST_AUTO_TEST_SUITE_END()
