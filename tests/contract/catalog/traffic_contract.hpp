// The part of the catalog's contract on aliases, weights, rollouts and clocks. Included
// by catalog_contract.hpp.
#pragma once

BOOST_AUTO_TEST_CASE_TEMPLATE(keeps_aliases_weights_and_rollouts, Engine,
                              catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  const function_name f{"f"};
  const auto check = [&] {
    BOOST_TEST((loaded(engine.store()) == expected));
    engine.reopen();
    BOOST_TEST((loaded(engine.store()) == expected));
  };
  keep(engine.store(), expected, plan(expected, deploy_of("f", 1), noon));
  keep(engine.store(), expected, plan(expected, deploy_of("f", 2), noon));
  keep(engine.store(), expected,
       plan(expected, alias_command{{}, f, "prod", 1, "o'neil"}));
  keep(engine.store(), expected,
       plan(expected, traffic_command{{}, f, {{1, 30}, {2, 70}}, ""}));
  keep(engine.store(), expected,
       plan(expected, scale_command{{}, f, 3, "o'neil"}));
  BOOST_TEST(expected.functions.at(f).traffic.scale->least == 3u);
  check();
  auto canary = deploy_of("f", 3);
  canary.spec.petrel.rollout = {{5, 50}, std::chrono::seconds{7}};
  keep(engine.store(), expected, plan(expected, canary, noon));
  keep(engine.store(), expected,
       plan(expected,
            advance_command{{}, f, 3, rollout::phase::stepping, 1, "it's"},
            noon));
  BOOST_TEST(expected.functions.at(f).traffic.rollout->step == 1u);
  check();
  keep(engine.store(), expected, plan(expected, remove_of("f")));
  check();
  keep(engine.store(), expected, plan(expected, deploy_of("f", 1), noon));
  check();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_clock_that_moves_an_hour_changes_no_order,
                              Engine, catalog_engines) {
  using namespace catalog_contract;
  using std::chrono::hours;
  Engine engine;
  auto expected = loaded(engine.store());
  const function_name f{"f"};
  for (const auto now : {noon, noon - hours{1}, noon + hours{1}, noon})
    keep(engine.store(), expected,
         plan(expected,
              deploy_of("f", static_cast<uint8_t>(expected.at.number)), now));
  engine.reopen();
  const auto state = loaded(engine.store());
  BOOST_TEST((state == expected));
  const auto& versions = state.functions.at(f).versions;
  BOOST_TEST(state.functions.at(f).current == 4u);
  BOOST_TEST((versions.at(2).created < versions.at(1).created));
  // Back means the number before, not the time before.
  const auto back = plan(state, rollback_command{{}, f, 0, ""});
  BOOST_REQUIRE(back);
  BOOST_TEST(back->outcome.version == 3u);
}
