// Aliases, weights and rollouts as changes of the catalog.
#include "tests/support/catalog_commands.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::testing;
using namespace std::chrono_literals;
using rollout::phase;
using action = rollout_command::action;

namespace {

const function_name f{"f"};

struct fixture {
  catalog_state state{{"history", 0}, {}, {}};
  wall_time now{1000s};

  template <class... Parts>
  command_outcome carry_out(const Parts&... parts) {
    const auto change = plan(state, parts...);
    BOOST_REQUIRE_MESSAGE(change,
                          (change ? "" : change.error().to_string()));
    const auto before = state.at.number;
    apply(state, *change);
    BOOST_TEST(state.at.number == before + (change->outcome.unchanged ? 0 : 1));
    return change->outcome;
  }
  template <class... Parts>
  errc refused(const Parts&... parts) {
    const auto change = plan(state, parts...);
    BOOST_REQUIRE(!change);
    BOOST_TEST(!change.error().next_step.empty());
    return change.error().code;
  }
  command_outcome deploy(uint8_t bundle, std::vector<uint32_t> steps = {}) {
    auto command = deploy_of("f", bundle);
    command.spec.petrel.rollout.steps = std::move(steps);
    return carry_out(command, now);
  }
  command_outcome advance(uint32_t version, phase to, uint32_t step = 0) {
    return carry_out(advance_command{{}, f, version, to, step, "why"}, now);
  }
  command_outcome roll(action what) {
    return carry_out(rollout_command{{}, f, what, "ada"}, now);
  }
  const function_record& record() { return state.functions.at(f); }
  const rollout_record& rollout() { return *record().traffic.rollout; }
};

traffic_command weights(traffic_weights of) {
  return {{}, f, std::move(of), "ada"};
}
alias_command alias(const std::string& name, uint32_t version) {
  return {{}, f, name, version, "ada"};
}
rollback_command back(uint32_t version = 0) {
  return {{}, f, version, "ada"};
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(traffic_test, fixture)

BOOST_AUTO_TEST_CASE(a_canary_leaves_the_current_version_in_service) {
  BOOST_TEST(deploy(1, {5, 50}).version == 1u); // there is nothing before it
  BOOST_TEST(record().current == 1u);
  BOOST_TEST(!record().traffic.rollout);
  BOOST_TEST(deploy(2, {5, 50}).version == 2u);
  BOOST_TEST(record().current == 1u);
  BOOST_TEST(rollout().version == 2u);
  BOOST_TEST(rollout().from == 1u);
  BOOST_TEST((rollout().phase == phase::warming));
  BOOST_TEST(rollout().share() == 0u);
  BOOST_TEST(record().versions.size() == 2u);
}

BOOST_AUTO_TEST_CASE(it_goes_step_by_step_each_a_revision) {
  deploy(1);
  deploy(2, {5, 50});
  advance(2, phase::stepping, 0);
  BOOST_TEST(rollout().share() == 5u);
  now += 1min;
  advance(2, phase::stepping, 1);
  BOOST_TEST(rollout().share() == 50u);
  BOOST_TEST((rollout().since == now));
  BOOST_TEST(record().current == 1u);
  BOOST_TEST(advance(2, phase::stepping, 1).unchanged);
  advance(2, phase::promoted, 1);
  BOOST_TEST(record().current == 2u);
  BOOST_TEST(rollout().share() == 100u);
  BOOST_TEST(state.at.number == 5u);
  BOOST_TEST((refused(advance_command{{}, f, 2, phase::stepping, 0, ""}, now)
              == errc::conflict));
}

BOOST_AUTO_TEST_CASE(rolled_back_it_keeps_the_reason_and_the_old_version) {
  deploy(1);
  deploy(2, {5});
  advance(2, phase::rolled_back);
  BOOST_TEST(record().current == 1u);
  BOOST_TEST(rollout().reason == "why");
  BOOST_TEST(rollout().share() == 0u);
  // The same content again is another try.
  BOOST_TEST(deploy(2, {5}).version == 3u);
  BOOST_TEST((rollout().phase == phase::warming));
}

BOOST_AUTO_TEST_CASE(it_pauses_resumes_and_is_aborted) {
  deploy(1);
  BOOST_TEST((refused(rollout_command{{}, f, action::abort, "ada"}, now)
              == errc::conflict));
  deploy(2, {5, 50});
  BOOST_TEST((refused(rollout_command{{}, f, action::pause, "ada"}, now)
              == errc::conflict)); // warming
  BOOST_TEST(roll(action::resume).unchanged);
  advance(2, phase::stepping, 1);
  roll(action::pause);
  BOOST_TEST((rollout().phase == phase::paused));
  BOOST_TEST(rollout().share() == 50u);
  BOOST_TEST(roll(action::pause).unchanged);
  roll(action::resume);
  BOOST_TEST((rollout().phase == phase::stepping));
  BOOST_TEST(rollout().step == 1u);
  BOOST_TEST(roll(action::abort).version == 2u);
  BOOST_TEST((rollout().phase == phase::aborted));
  BOOST_TEST(rollout().reason == "by ada");
  BOOST_TEST(record().current == 1u);
}

BOOST_AUTO_TEST_CASE(a_rollback_ends_a_rollout) {
  deploy(1);
  deploy(2);
  deploy(3, {5});
  advance(3, phase::stepping);
  BOOST_TEST(carry_out(back()).version == 2u); // the one in service, not 1
  BOOST_TEST(record().current == 2u);
  BOOST_TEST((rollout().phase == phase::aborted));
  deploy(4, {5});
  BOOST_TEST(carry_out(back(1)).version == 1u);
  BOOST_TEST((rollout().phase == phase::aborted));
  deploy(5, {5});
  BOOST_TEST(carry_out(back(5)).version == 5u);
  BOOST_TEST((rollout().phase == phase::promoted));
  BOOST_TEST(record().current == 5u);
}

BOOST_AUTO_TEST_CASE(a_deploy_ends_a_rollout) {
  deploy(1);
  deploy(2, {5});
  advance(2, phase::stepping);
  BOOST_TEST(deploy(2, {7}).unchanged); // that one is on its way already
  BOOST_TEST(deploy(2, {7}).version == 2u);
  BOOST_TEST(rollout().plan.steps.front() == 5u);
  BOOST_TEST(deploy(3, {9}).version == 3u);
  BOOST_TEST(rollout().version == 3u);
  BOOST_TEST(record().current == 1u);
  // What is in service, again: the newcomer is given up.
  const auto same = deploy(1);
  BOOST_TEST(!same.unchanged);
  BOOST_TEST(same.version == 1u);
  BOOST_TEST((rollout().phase == phase::aborted));
  BOOST_TEST(deploy(1).unchanged);
  deploy(4, {5});
  BOOST_TEST(deploy(5).version == 5u);
  BOOST_TEST(record().current == 5u);
  BOOST_TEST(!record().traffic.rollout);
}

BOOST_AUTO_TEST_CASE(how_it_comes_in_makes_no_other_version) {
  deploy(1);
  BOOST_TEST(deploy(1, {5, 50}).unchanged);
}

BOOST_AUTO_TEST_CASE(weights_must_add_up_and_name_kept_versions) {
  deploy(1);
  deploy(2);
  for (const traffic_weights& wrong :
       {traffic_weights{}, {{1, 50}}, {{1, 50}, {2, 51}}, {{1, 0}, {2, 0}},
        {{1, 4294967295u}, {2, 101}}})
    BOOST_TEST((refused(weights(wrong)) == errc::invalid_argument));
  BOOST_TEST((refused(weights({{1, 50}, {9, 50}})) == errc::not_found));
  carry_out(weights({{1, 10}, {2, 90}}));
  BOOST_TEST(record().traffic.weights.size() == 2u);
  BOOST_TEST(record().current == 2u);
  BOOST_TEST(carry_out(weights({{1, 10}, {2, 90}})).unchanged);
}

BOOST_AUTO_TEST_CASE(all_to_one_version_makes_it_current) {
  deploy(1);
  deploy(2);
  deploy(3);
  carry_out(weights({{1, 60}, {2, 40}}));
  BOOST_TEST(record().current == 1u); // 3 has nothing: the heaviest
  carry_out(weights({{2, 100}, {1, 0}}));
  BOOST_TEST(record().current == 2u);
  BOOST_TEST(record().traffic.weights.empty());
}

BOOST_AUTO_TEST_CASE(deploy_and_rollback_end_fixed_weights) {
  deploy(1);
  deploy(2);
  carry_out(weights({{1, 10}, {2, 90}}));
  deploy(3, {5});
  BOOST_TEST(record().traffic.weights.empty());
  BOOST_TEST((refused(weights({{1, 10}, {2, 90}})) == errc::conflict));
  roll(action::abort);
  carry_out(weights({{1, 10}, {2, 90}}));
  carry_out(back(2));
  BOOST_TEST(record().traffic.weights.empty());
}

BOOST_AUTO_TEST_CASE(aliases_point_at_kept_versions) {
  deploy(1);
  BOOST_TEST((refused(alias("prod", 2)) == errc::not_found));
  BOOST_TEST((refused(alias("prod", 0)) == errc::not_found));
  for (const char* bad : {"", "3", "Prod", "-a", "a b", "a:b"})
    BOOST_TEST((refused(alias(bad, 1)) == errc::invalid_argument));
  carry_out(alias("prod", 1));
  BOOST_TEST(carry_out(alias("prod", 1)).unchanged);
  deploy(2);
  carry_out(alias("prod", 2));
  BOOST_TEST(record().traffic.aliases.at("prod") == 2u);
  carry_out(alias("prod", 0));
  BOOST_TEST(record().traffic.aliases.empty());
  for (size_t i = 0; i < kept_aliases; ++i)
    carry_out(alias("a" + std::to_string(i), 1));
  BOOST_TEST((refused(alias("surplus", 1)) == errc::conflict));
  BOOST_TEST((refused(alias_command{{}, function_name{"g"}, "a", 1, ""})
              == errc::not_found));
}

BOOST_AUTO_TEST_CASE(versions_in_use_are_not_forgotten) {
  for (uint8_t i = 1; i <= 4; ++i)
    deploy(i);
  carry_out(alias("prod", 1));
  for (uint8_t i = 5; i < 40; ++i)
    deploy(i);
  BOOST_TEST(record().versions.contains(1));
  BOOST_TEST(!record().versions.contains(2));
  BOOST_TEST(record().versions.size() == kept_versions);
  carry_out(alias("prod", 0));
  deploy(50);
  BOOST_TEST(!record().versions.contains(1));
}

BOOST_AUTO_TEST_CASE(instances_are_asked_for_until_the_next_deployment) {
  const auto ask = [](uint32_t least) {
    return scale_command{{}, f, least, "ada"};
  };
  BOOST_TEST((refused(ask(2)) == errc::not_found));
  deploy(1);
  BOOST_TEST(carry_out(ask(2)).version == 1u);
  BOOST_TEST((record().traffic.scale == scale_rule{2, state.at.number}));
  BOOST_TEST(carry_out(ask(2)).unchanged);
  carry_out(ask(5'000'000));
  BOOST_TEST(record().traffic.scale->least == most_instances);
  // None is asked for again: what came back meanwhile leaves.
  carry_out(ask(0));
  const auto first = record().traffic.scale->since;
  BOOST_TEST(!carry_out(ask(0)).unchanged);
  BOOST_TEST(record().traffic.scale->since > first);
  deploy(2);
  BOOST_TEST(!record().traffic.scale);
  carry_out(ask(3));
  BOOST_TEST(!deploy(2).unchanged); // the same: the manifest's numbers again
  BOOST_TEST(!record().traffic.scale);
  BOOST_TEST(deploy(2).unchanged);
  carry_out(ask(3));
  carry_out(back());
  BOOST_TEST(record().traffic.scale->least == 3u); // a rollback deploys nothing
  deploy(3, {50});
  BOOST_TEST(!record().traffic.scale);
}

BOOST_AUTO_TEST_CASE(the_rules_come_back_from_their_text) {
  BOOST_TEST(to_json(traffic_rules{}).empty());
  traffic_rules rules;
  rules.aliases = {{"prod", 3}, {"old", 1}};
  rules.weights = {{3, 90}, {10, 10}};
  rules.rollout = rollout_record{4,  3, {{5, 25}, 90s}, phase::paused, 1,
                                 "x \xff", wall_time{77s}};
  const auto back = traffic_from_json(to_json(rules));
  BOOST_REQUIRE(back);
  rules.rollout->reason = "x \xef\xbf\xbd"; // no UTF-8: replaced
  BOOST_TEST((*back == rules));
}

BOOST_AUTO_TEST_CASE(text_of_other_versions_is_read_as_far_as_possible) {
  BOOST_TEST((*traffic_from_json("") == traffic_rules{}));
  const auto newer = traffic_from_json(
    R"({"aliases":{"a":1},"mirror":true,"rollout":{"version":4,"steps":[5],
        "least_ns":1,"phase":"judging","new":[]}})");
  BOOST_REQUIRE(newer);
  BOOST_TEST(newer->aliases.at("a") == 1u);
  BOOST_TEST((newer->rollout->phase == phase::aborted)); // nothing moves
  for (const char* bad :
       {"[", "[]", R"({"aliases":3})", R"({"weights":{"x":1}})",
        R"({"rollout":{}})", R"({"rollout":{"version":"4"}})"})
    BOOST_TEST(!traffic_from_json(bad), bad);
}

BOOST_AUTO_TEST_SUITE_END()
