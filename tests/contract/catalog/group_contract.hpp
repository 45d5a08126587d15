// Changes that are stored together. Included by catalog_contract.hpp.

namespace catalog_contract {

/// The next changes of a seeded history, each planned on the one before it.
inline std::vector<catalog_change> next_changes(catalog_state state, size_t n,
                                                uint64_t seed) {
  std::vector<catalog_change> changes;
  while (changes.size() < n) {
    changes.push_back(nth_change(state, seed));
    apply(state, changes.back());
  }
  return changes;
}

inline void check_none_stored(catalog_store& store,
                              const catalog_state& expected,
                              std::span<const catalog_change> changes) {
  const auto refused = store.commit(changes);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == errc::conflict));
  BOOST_TEST((loaded(store) == expected));
}

} // namespace catalog_contract

BOOST_AUTO_TEST_CASE_TEMPLATE(groups_leave_what_single_changes_would, Engine,
                              catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  random_source random{7};
  for (int i = 0; i < 30; ++i) {
    const auto changes
      = next_changes(expected, 1 + random.below(most_per_commit), 9);
    const auto done = engine.store().commit(changes);
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().to_string()));
    for (const auto& change : changes)
      apply(expected, change);
    if (i % 7 == 0)
      engine.reopen();
    BOOST_REQUIRE((loaded(engine.store()) == expected));
    const auto known = engine.store().outcome_of(changes.back().request);
    BOOST_REQUIRE((known && *known));
    BOOST_TEST((**known).at.number == expected.at.number);
  }
  engine.reopen();
  BOOST_TEST((loaded(engine.store()) == expected));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_group_with_one_bad_change_stores_none, Engine,
                              catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  keep(engine.store(), expected,
       plan(expected, deploy_of("before", 1, "known"), noon));
  const auto good = next_changes(expected, 6, 3);
  auto gap = good;
  gap.erase(gap.begin() + 3);
  check_none_stored(engine.store(), expected, gap);
  auto foreign = good;
  foreign[4].outcome.at.history = "another";
  check_none_stored(engine.store(), expected, foreign);
  auto repeated = good;
  repeated[5].request = request_id{"known"};
  check_none_stored(engine.store(), expected, repeated);
  auto twice = good;
  twice[5].request = twice[0].request;
  check_none_stored(engine.store(), expected, twice);
  for (const auto& change : good)
    BOOST_TEST(!*engine.store().outcome_of(change.request));
  engine.reopen();
  BOOST_TEST((loaded(engine.store()) == expected));
  BOOST_TEST(!!engine.store().commit(good));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_group_remembers_what_changed_nothing, Engine,
                              catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  std::vector<catalog_change> changes;
  for (const auto& [bundle, request] :
       {std::pair<uint8_t, const char*>{1, "a"}, {1, "b"}, {2, "c"}}) {
    changes.push_back(*plan(expected, deploy_of("f", bundle, request), noon));
    apply(expected, changes.back());
  }
  BOOST_TEST(changes[1].outcome.unchanged);
  BOOST_REQUIRE(engine.store().commit(changes));
  engine.reopen();
  BOOST_TEST((loaded(engine.store()) == expected));
  for (const auto* request : {"a", "b", "c"})
    BOOST_TEST(!!*engine.store().outcome_of(request_id{request}));
  BOOST_TEST((**engine.store().outcome_of(request_id{"b"})).unchanged);
}
