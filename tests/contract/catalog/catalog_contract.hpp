// What every engine of the catalog must do. Include it inside a test suite,
// after `catalog_engines`, a std::tuple of engine classes. An engine is default
// constructible and has
//   catalog_store& store();
//   void reopen();                  // as a restarted node would
//   static constexpr size_t remembered;  // requests that it keeps
#include "tests/support/catalog_commands.hpp"

namespace catalog_contract {

using namespace faas;
using namespace faas::testing;

inline catalog_state loaded(catalog_store& store) {
  auto state = store.load();
  BOOST_REQUIRE(state);
  return *state;
}

/// Commits a planned change and applies it to the expected state.
inline command_outcome keep(catalog_store& store, catalog_state& expected,
                            const result<catalog_change>& change) {
  BOOST_REQUIRE(change);
  const auto done = store.commit(*change);
  BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().to_string()));
  apply(expected, *change);
  return change->outcome;
}

inline const wall_time noon{std::chrono::hours{12}};

/// A spec that uses every field.
inline function_spec rich_spec() {
  using namespace std::chrono_literals;
  function_spec s;
  s.name = function_name{"rich"};
  s.name_space = "ns";
  s.lang = "cpp";
  s.handler = "./rich";
  s.image = "rich:1";
  s.fprocess = "run \"it\"";
  s.environment = {{"A", "1"}, {"quote", "'; DROP TABLE functions; --"}};
  s.environment_files = {"b.yml", "a.yml"};
  s.secrets = {"s"};
  s.labels = {{"h\xc3\xa9", "\xe2\x82\xac"}};
  s.annotations = {{"topic", "a/b"}};
  s.constraints = {"node.platform.os == linux"};
  s.limits = {{"memory", "40Mi"}};
  s.requests = {{"cpu", "100m"}};
  s.readonly_root_filesystem = true;
  auto& p = s.petrel;
  p.runtime = runtime_kind::torch;
  p.artifact = "model.pt";
  p.kind = artifact_kind::torchscript;
  p.mode = trust_mode::threads;
  p.size = {size_feature::kind::bytes, "", 784.5};
  p.needs = {{"edge"}, {"n1"}, {{"gpu", "yes"}}, uint64_t{1} << 33};
  p.topics = {"camera/+/batch"};
  p.reply_topic = "reply/{topic}";
  p.concurrency = 2;
  p.queue = 7;
  p.timeout = 1500ms;
  p.idempotent = true;
  p.policy = "round-robin";
  p.inputs = {{"x", "UINT8", {-1, 28, 28}}};
  p.output = "tensor";
  p.max_body_bytes = 1000;
  p.rollout = {{5, 25}, 1500ms};
  p.on_secret = secret_policy::notify;
  return s;
}

} // namespace catalog_contract

BOOST_AUTO_TEST_CASE_TEMPLATE(begins_empty_with_a_history, Engine,
                              catalog_engines) {
  Engine engine;
  const auto state = catalog_contract::loaded(engine.store());
  BOOST_TEST(!state.at.history.empty());
  BOOST_TEST(state.at.number == 0);
  BOOST_TEST(state.functions.empty());
  engine.reopen();
  BOOST_TEST((catalog_contract::loaded(engine.store()) == state));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(keeps_what_was_committed, Engine,
                              catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  keep(engine.store(), expected, plan(expected, deploy_of("f", 1), noon));
  keep(engine.store(), expected, plan(expected, deploy_of("f", 2), noon));
  keep(engine.store(), expected, plan(expected, deploy_of("g", 1), noon));
  BOOST_TEST((loaded(engine.store()) == expected));
  engine.reopen();
  BOOST_TEST((loaded(engine.store()) == expected));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(keeps_every_field_of_a_version, Engine,
                              catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  deploy_command command{
    request_id{"r"}, rich_spec(), {}, {}, "o'neil \xc3\xa9"};
  for (size_t i = 0; i < command.bundle.bytes.size(); ++i)
    command.bundle.bytes[i] = static_cast<uint8_t>(255 - i);
  const wall_time now{std::chrono::nanoseconds{1'700'000'000'123'456'789}};
  keep(engine.store(), expected, plan(expected, command, now));
  engine.reopen();
  const auto state = loaded(engine.store());
  BOOST_TEST((state == expected));
  const auto& version
    = state.functions.at(function_name{"rich"}).versions.at(1);
  BOOST_TEST((version.spec == command.spec));
  BOOST_TEST((version.bundle == command.bundle));
  BOOST_TEST((version.created == now));
  BOOST_TEST(version.by == command.by);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_removed_function_stays_removed, Engine,
                              catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  keep(engine.store(), expected, plan(expected, deploy_of("f", 1), noon));
  keep(engine.store(), expected, plan(expected, remove_of("f")));
  engine.reopen();
  BOOST_TEST((loaded(engine.store()) == expected));
  BOOST_TEST(expected.functions.empty());
  const auto again
    = keep(engine.store(), expected, plan(expected, deploy_of("f", 1), noon));
  BOOST_TEST(again.version == 2);
  engine.reopen();
  BOOST_TEST((loaded(engine.store()) == expected));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(old_versions_and_removals_are_forgotten_alike,
                              Engine, catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  for (int i = 0; i < 14; ++i)
    keep(engine.store(), expected,
         plan(expected, deploy_of("f", static_cast<uint8_t>(i)), noon));
  BOOST_TEST((loaded(engine.store()) == expected));
  // The names fall in order while the removals come: order of time counts.
  for (size_t i = kept_retired + 3; i > 0; --i) {
    const auto name = "g" + std::to_string(i);
    keep(engine.store(), expected, plan(expected, deploy_of(name, 1), noon));
    keep(engine.store(), expected, plan(expected, remove_of(name)));
  }
  engine.reopen();
  const auto state = loaded(engine.store());
  BOOST_TEST(state.retired.size() == kept_retired);
  BOOST_TEST((state == expected));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(remembers_the_outcome_of_a_request, Engine,
                              catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  const auto first = keep(engine.store(), expected,
                          plan(expected, deploy_of("f", 1, "one"), noon));
  const auto same = keep(engine.store(), expected,
                         plan(expected, deploy_of("f", 1, "two"), noon));
  const auto gone
    = keep(engine.store(), expected, plan(expected, remove_of("f", "three")));
  BOOST_TEST(same.unchanged);
  for (const bool reopened : {false, true}) {
    if (reopened)
      engine.reopen();
    const auto outcome = [&](const char* id) {
      const auto found = engine.store().outcome_of(request_id{id});
      BOOST_REQUIRE(found);
      BOOST_REQUIRE(*found);
      BOOST_TEST((*found)->repeated);
      return **found;
    };
    BOOST_TEST((outcome("one").at == first.at));
    BOOST_TEST(outcome("one").version == 1);
    BOOST_TEST(!outcome("one").unchanged);
    BOOST_TEST(outcome("two").unchanged);
    BOOST_TEST((outcome("two").at == same.at));
    BOOST_TEST((outcome("three").at == gone.at));
    const auto unknown = engine.store().outcome_of(request_id{"four"});
    BOOST_REQUIRE(unknown);
    BOOST_TEST(!*unknown);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_empty_request_id_is_not_remembered, Engine,
                              catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  keep(engine.store(), expected, plan(expected, deploy_of("f", 1), noon));
  keep(engine.store(), expected, plan(expected, deploy_of("f", 2), noon));
  const auto found = engine.store().outcome_of(request_id{});
  BOOST_REQUIRE(found);
  BOOST_TEST(!*found);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(forgets_the_oldest_requests, Engine,
                              catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  const auto id = [](size_t i) { return "r" + std::to_string(i); };
  for (size_t i = 0; i <= Engine::remembered; ++i)
    keep(engine.store(), expected,
         plan(expected, deploy_of("f", 1, id(i)), noon));
  BOOST_TEST(!*engine.store().outcome_of(request_id{id(0)}));
  BOOST_TEST(!!*engine.store().outcome_of(request_id{id(1)}));
  BOOST_TEST(!!*engine.store().outcome_of(request_id{id(Engine::remembered)}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_stale_plan_is_a_conflict_and_changes_nothing,
                              Engine, catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  const auto stale = plan(expected, deploy_of("f", 1, "stale"), noon);
  BOOST_REQUIRE(stale);
  keep(engine.store(), expected, plan(expected, deploy_of("g", 1), noon));
  auto foreign = *plan(expected, deploy_of("h", 1, "foreign"), noon);
  foreign.outcome.at.history = "another";
  for (const auto& change : {*stale, foreign}) {
    const auto refused = engine.store().commit(change);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::conflict));
    BOOST_TEST(!*engine.store().outcome_of(change.request));
  }
  engine.reopen();
  BOOST_TEST((loaded(engine.store()) == expected));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_request_is_not_carried_out_twice, Engine,
                              catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  keep(engine.store(), expected,
       plan(expected, deploy_of("f", 1, "once"), noon));
  const auto again = plan(expected, deploy_of("f", 2, "once"), noon);
  BOOST_REQUIRE(again);
  const auto refused = engine.store().commit(*again);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == errc::conflict));
  BOOST_TEST((loaded(engine.store()) == expected));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_long_history_is_kept_at_every_revision, Engine,
                              catalog_engines) {
  using namespace catalog_contract;
  Engine engine;
  auto expected = loaded(engine.store());
  for (int i = 0; i < 300; ++i) {
    keep(engine.store(), expected, nth_change(expected, 5));
    if (i % 60 == 0)
      engine.reopen();
    if (i % 20 == 0)
      BOOST_REQUIRE((loaded(engine.store()) == expected));
  }
  engine.reopen();
  BOOST_TEST((loaded(engine.store()) == expected));
}

#include "tests/contract/catalog/group_contract.hpp"
#include "tests/contract/catalog/traffic_contract.hpp"
#include "tests/contract/catalog/replace_contract.hpp"
