// The part of the catalog's contract on imports. Included by
// catalog_contract.hpp.
#pragma once

namespace catalog_contract {

/// Some functions with versions, rules and removals, in no store.
inline catalog_state other_registry(const std::string& history) {
  catalog_state state;
  state.at = {history, 70};
  for (int i = 0; i < 150; ++i)
    apply(state, nth_change(state, 11));
  apply(state, *plan(state, deploy_of("kept", 1), noon));
  apply(state, *plan(state, deploy_of("kept", 2), noon));
  apply(state, *plan(state, alias_command{{}, function_name{"kept"}, "prod", 1,
                                          "ada"}));
  apply(state, *plan(state, traffic_command{{}, function_name{"kept"},
                                            {{1, 20}, {2, 80}}, "ada"}));
  return state;
}

} // namespace catalog_contract

BOOST_AUTO_TEST_CASE_TEMPLATE(replaces_everything_in_a_new_history, Engine,
                              catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  keep(engine.store(), expected,
       plan(expected, deploy_of("old", 1, "before"), noon));
  keep(engine.store(), expected, plan(expected, deploy_of("gone", 1), noon));
  keep(engine.store(), expected, plan(expected, remove_of("gone")));
  expected = other_registry("imported");
  const auto done = engine.store().replace(expected, request_id{"import"});
  BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().to_string()));
  for (int i = 0; i < 2; ++i, engine.reopen()) {
    BOOST_TEST((loaded(engine.store()) == expected));
    // Numbers of the former history mean nothing any more.
    BOOST_TEST(!*engine.store().outcome_of(request_id{"before"}));
    const auto was = *engine.store().outcome_of(request_id{"import"});
    BOOST_REQUIRE(was);
    BOOST_TEST((was->at == expected.at));
  }
  // And it goes on from there.
  keep(engine.store(), expected, plan(expected, deploy_of("new", 1), noon));
  keep(engine.store(), expected, plan(expected, remove_of("kept")));
  BOOST_TEST((loaded(engine.store()) == expected));
  engine.reopen();
  BOOST_TEST((loaded(engine.store()) == expected));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(replaces_by_nothing, Engine, catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  keep(engine.store(), expected, plan(expected, deploy_of("old", 1), noon));
  expected = {};
  expected.at = {"empty", 5};
  BOOST_REQUIRE(engine.store().replace(expected, request_id{}));
  engine.reopen();
  BOOST_TEST((loaded(engine.store()) == expected));
  keep(engine.store(), expected, plan(expected, deploy_of("old", 1), noon));
  BOOST_TEST((loaded(engine.store()) == expected));
}
