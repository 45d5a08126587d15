// The contract of every store of secrets: the fake that other tests rely on,
// SQLite, and Redis with a server of its own.
#include "registry/redis/redis_catalog.hpp"
#include "registry/redis/redis_secrets.hpp"
#include "registry/sqlite/sqlite_secrets.hpp"
#include "tests/support/memory_secrets.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <tuple>

namespace {

using namespace faas;
using testing::plain_sealer;
constexpr size_t remembered = 20;

template <class T>
T good(result<T> outcome) {
  BOOST_REQUIRE_MESSAGE(outcome, (outcome ? "" : outcome.error().to_string()));
  return std::move(*outcome);
}

struct memory_engine {
  secret_store& store() { return secrets_; }
  void reopen() {}
  void import_catalog(const std::string&) {}

private:
  testing::memory_secrets secrets_{"memory", remembered};
};

struct sqlite_engine {
  sqlite_engine() { reopen(); }
  secret_store& store() { return *secrets_; }
  void reopen() {
    secrets_.reset();
    registry::sqlite_secrets_options options;
    options.file = folder_ / "secrets.db";
    options.remembered_requests = remembered;
    secrets_ = good(registry::sqlite_secrets::open(options, random_));
  }
  void import_catalog(const std::string&) {}

private:
  testing::scratch_folder folder_{testing::memory_folder()};
  random_source random_{1};
  std::unique_ptr<secret_store> secrets_;
};

struct redis_engine {
  redis_engine() {
    registry::redis_catalog_options options;
    options.client = server_.client();
    good(good(registry::redis_catalog::open(options, clock_, random_))->load());
    reopen();
  }
  secret_store& store() { return *secrets_; }
  void reopen() {
    secrets_.reset();
    registry::redis_secrets_options options;
    options.client = server_.client();
    options.remembered_requests = remembered;
    secrets_ = good(registry::redis_secrets::open(options, clock_, random_));
  }
  /// The catalog takes its step.
  void import_catalog(const std::string& history) {
    registry::redis_catalog_options options;
    options.client = server_.client();
    auto catalog
      = good(registry::redis_catalog::open(options, clock_, random_));
    auto state = good(catalog->load());
    state.at = {history, state.at.number + 1};
    BOOST_REQUIRE(catalog->replace(state, request_id{}));
  }

private:
  testing::redis_server server_;
  system_clock_source clock_;
  random_source random_{1};
  std::unique_ptr<secret_store> secrets_;
};

using engines = std::tuple<memory_engine, sqlite_engine, redis_engine>;

const plain_sealer sealer;
const wall_time noon{std::chrono::nanoseconds{1'700'000'000'123'456'789}};

put_secret_command put(const std::string& name, std::string_view value,
                       const std::string& request = {}) {
  return {request_id{request}, secret_name{name}, secret_text{value}, {},
          "o'neil \xc3\xa9"};
}

secret_outcome keep(secret_store& store, secrets_state& expected,
                    const result<secret_change>& change) {
  BOOST_REQUIRE(change);
  const auto done = store.commit(*change);
  BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().to_string()));
  apply(expected, *change);
  return change->outcome;
}
secret_outcome keep(secret_store& store, secrets_state& expected,
                    const put_secret_command& command) {
  return keep(store, expected, plan(expected, command, sealer, noon));
}
secret_outcome keep(secret_store& store, secrets_state& expected,
                    const remove_secret_command& command) {
  return keep(store, expected, plan(expected, command, {}));
}

std::string every_byte() {
  std::string bytes;
  for (int i = 0; i < 256; ++i)
    bytes += static_cast<char>(i);
  return bytes;
}

} // namespace

BOOST_AUTO_TEST_SUITE(secrets_contract_test)

  BOOST_AUTO_TEST_CASE_TEMPLATE(begins_empty_with_a_history, Engine, engines) {
    Engine engine;
    const auto state = good(engine.store().load());
    BOOST_TEST(!state.at.history.empty());
    BOOST_TEST(state.at.number == 0u);
    BOOST_TEST(state.secrets.empty());
    engine.reopen();
    BOOST_TEST((good(engine.store().load()) == state));
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(keeps_every_byte_of_a_record, Engine, engines) {
    Engine engine;
    auto expected = good(engine.store().load());
    keep(engine.store(), expected, put("bytes", every_byte()));
    keep(engine.store(), expected,
         put("large", std::string(limits::secret_bytes, '\0')));
    for (int i = 0; i < 2; ++i, engine.reopen()) {
      const auto state = good(engine.store().load());
      BOOST_TEST((state == expected));
      const secret_name name{"bytes"};
      BOOST_TEST((good(sealer.open(name, state.secrets.at(name))).view()
                  == every_byte()));
    }
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(a_version_is_never_given_twice, Engine,
                                engines) {
    Engine engine;
    auto expected = good(engine.store().load());
    const auto first = keep(engine.store(), expected, put("s", "one"));
    const auto second = keep(engine.store(), expected, put("s", "two"));
    keep(engine.store(), expected,
         remove_secret_command{{}, secret_name{"s"}, ""});
    engine.reopen();
    BOOST_TEST((good(engine.store().load()) == expected));
    BOOST_TEST(expected.secrets.empty());
    const auto third = keep(engine.store(), expected, put("s", "one"));
    BOOST_TEST(first.version < second.version);
    BOOST_TEST(second.version < third.version);
    engine.reopen();
    BOOST_TEST((good(engine.store().load()) == expected));
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(remembers_the_outcome_of_a_request, Engine,
                                engines) {
    Engine engine;
    auto expected = good(engine.store().load());
    const auto made = keep(engine.store(), expected, put("s", "one", "r1"));
    const auto same = keep(engine.store(), expected, put("s", "one", "r2"));
    const auto gone
      = keep(engine.store(), expected,
             remove_secret_command{request_id{"r3"}, secret_name{"s"}, ""});
    BOOST_TEST(same.unchanged);
    for (int i = 0; i < 2; ++i, engine.reopen()) {
      const auto of = [&](const char* id) {
        return good(engine.store().outcome_of(request_id{id}));
      };
      BOOST_REQUIRE((of("r1") && of("r2") && of("r3")));
      BOOST_TEST(of("r1")->repeated);
      BOOST_TEST((of("r1")->at == made.at));
      BOOST_TEST(of("r1")->version == made.version);
      BOOST_TEST(of("r2")->unchanged);
      BOOST_TEST(of("r2")->version == made.version);
      BOOST_TEST((of("r3")->at == gone.at));
      BOOST_TEST(!of("r4"));
      BOOST_TEST(!of(""));
    }
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(forgets_the_oldest_requests, Engine, engines) {
    Engine engine;
    auto expected = good(engine.store().load());
    for (size_t i = 0; i <= remembered; ++i)
      keep(engine.store(), expected, put("s", "v", "r" + std::to_string(i)));
    BOOST_TEST(!good(engine.store().outcome_of(request_id{"r0"})));
    BOOST_TEST(!!good(engine.store().outcome_of(request_id{"r1"})));
    BOOST_TEST(!!good(engine.store().outcome_of(
      request_id{"r" + std::to_string(remembered)})));
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(a_stale_plan_changes_nothing, Engine, engines) {
    Engine engine;
    auto expected = good(engine.store().load());
    const auto stale = plan(expected, put("s", "1", "stale"), sealer, noon);
    keep(engine.store(), expected, put("t", "1"));
    auto foreign = good(plan(expected, put("u", "1", "foreign"), sealer, noon));
    foreign.outcome.at.history = "another";
    for (const auto& change : {good(stale), foreign}) {
      const auto refused = engine.store().commit(change);
      BOOST_REQUIRE(!refused);
      BOOST_TEST((refused.error().code == errc::conflict));
      BOOST_TEST(!good(engine.store().outcome_of(change.request)));
    }
    engine.reopen();
    BOOST_TEST((good(engine.store().load()) == expected));
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(a_request_is_not_carried_out_twice, Engine,
                                engines) {
    Engine engine;
    auto expected = good(engine.store().load());
    keep(engine.store(), expected, put("s", "1", "once"));
    const auto again
      = engine.store().commit(good(plan(expected, put("s", "2", "once"),
                                        sealer, noon)));
    BOOST_REQUIRE(!again);
    BOOST_TEST((again.error().code == errc::conflict));
    BOOST_TEST((good(engine.store().load()) == expected));
  }

  secrets_state imported() {
    secrets_state state;
    state.at = {"imported", 40};
    for (int i = 0; i < 30; ++i) {
      auto one = good(sealer.seal(secret_name{"i" + std::to_string(i)}, 7,
                                  std::string(limits::secret_bytes, 'x')));
      one.created = one.changed = noon;
      one.by = "ada";
      state.secrets[secret_name{"i" + std::to_string(i)}] = one;
    }
    return state;
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_staged_counts_with_its_catalog, Engine,
                                engines) {
    Engine engine;
    auto expected = good(engine.store().load());
    keep(engine.store(), expected, put("old", "1", "before"));
    const auto next = imported();
    BOOST_REQUIRE(engine.store().stage(next));
    BOOST_TEST((good(engine.store().load()) == expected)); // nobody sees it
    engine.reopen();
    BOOST_TEST((good(engine.store().load()) == expected));
    engine.import_catalog("imported");
    BOOST_REQUIRE(engine.store().settle("imported"));
    expected = next;
    for (int i = 0; i < 2; ++i, engine.reopen()) {
      BOOST_REQUIRE(engine.store().settle("imported")); // again: nothing
      BOOST_TEST((good(engine.store().load()) == expected));
      BOOST_TEST(!good(engine.store().outcome_of(request_id{"before"})));
    }
    keep(engine.store(), expected, put("new", "1"));
    BOOST_TEST((good(engine.store().load()) == expected));
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_staged_goes_when_its_catalog_never_came,
                                Engine, engines) {
    Engine engine;
    auto expected = good(engine.store().load());
    keep(engine.store(), expected, put("old", "1"));
    BOOST_REQUIRE(engine.store().stage(imported()));
    engine.reopen();
    BOOST_REQUIRE(engine.store().settle(expected.at.history));
    BOOST_TEST((good(engine.store().load()) == expected));
    // Nor does it come back later on.
    engine.import_catalog("imported");
    BOOST_REQUIRE(engine.store().settle("imported"));
    BOOST_TEST((good(engine.store().load()).secrets == expected.secrets));
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(no_secrets_may_be_staged_as_well, Engine,
                                engines) {
    Engine engine;
    auto expected = good(engine.store().load());
    keep(engine.store(), expected, put("old", "1"));
    BOOST_REQUIRE(engine.store().stage(imported()));
    secrets_state none;
    none.at = {"none", 9};
    BOOST_REQUIRE(engine.store().stage(none)); // in the place of the others
    engine.import_catalog("none");
    BOOST_REQUIRE(engine.store().settle("none"));
    engine.reopen();
    BOOST_TEST((good(engine.store().load()) == none));
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(a_long_history_is_kept, Engine, engines) {
    Engine engine;
    auto expected = good(engine.store().load());
    for (int i = 0; i < 120; ++i) {
      const auto name = "s" + std::to_string(i * 7 % 11);
      if (i % 5 == 4 && expected.secrets.contains(secret_name{name}))
        keep(engine.store(), expected,
             remove_secret_command{{}, secret_name{name}, ""});
      else
        keep(engine.store(), expected, put(name, std::to_string(i)));
      if (i % 30 == 0)
        engine.reopen();
    }
    BOOST_TEST((good(engine.store().load()) == expected));
  }

BOOST_AUTO_TEST_SUITE_END()
