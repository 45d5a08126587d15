// What every engine of the lease must do, and that it fences the catalog.
#include "registry/redis/redis_catalog.hpp"
#include "registry/redis/redis_lease.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/memory_lease.hpp"
#include "tests/support/redis_server.hpp"

#include <boost/test/unit_test.hpp>
#include <tuple>

using namespace faas;
using namespace faas::testing;
using namespace std::chrono_literals;

namespace {

struct moved_clock final : clock_source {
  time_point now() const noexcept override { return at; }
  wall_time wall() const noexcept override { return {}; }
  time_point at{1h};
};

struct memory_engine {
  lease_store& one() { return lease_; }
  lease_store& two() { return lease_; }
  /// The lease that is held runs out.
  void run_out() { clock_.at += 1h; }

private:
  moved_clock clock_;
  memory_lease lease_{clock_};
};

struct redis_engine {
  lease_store& one() { return one_; }
  lease_store& two() { return two_; }
  void run_out() {
    server_.ask({"PEXPIRE", "petrel:lease", "1"});
    while (server_.ask({"EXISTS", "petrel:lease"}).number != 0)
      ::poll(nullptr, 0, 1);
  }
  void ask(registry::redis::command command) {
    (void) server_.ask(std::move(command));
  }

private:
  redis_server server_;
  system_clock_source clock_;
  registry::redis_lease one_{server_.client(), "petrel:", clock_, 1};
  registry::redis_lease two_{server_.client(), "petrel:", clock_, 2};
};

using lease_engines = std::tuple<memory_engine, redis_engine>;

lease granted(lease_store& store, const std::string& holder) {
  const auto answer = store.acquire(holder, 1h);
  BOOST_REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().to_string()));
  BOOST_REQUIRE(answer->granted);
  BOOST_TEST(answer->granted->holder == holder);
  BOOST_TEST(answer->granted->token > 0u);
  return *answer->granted;
}

} // namespace

BOOST_AUTO_TEST_SUITE(lease_contract_test)

  BOOST_AUTO_TEST_CASE_TEMPLATE(one_holds_it_and_the_other_is_told_who, Engine,
                                lease_engines) {
    Engine engine;
    const auto first = granted(engine.one(), "a");
    const auto refused = engine.two().acquire("b", 1h);
    BOOST_REQUIRE(refused);
    BOOST_TEST(!refused->granted);
    BOOST_TEST(refused->held_by == "a");
    BOOST_TEST((refused->left > 0s && refused->left <= 1h));
    BOOST_TEST(*engine.one().renew(first, 1h));
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(tokens_grow_with_every_grant, Engine,
                                lease_engines) {
    Engine engine;
    const auto first = granted(engine.one(), "a");
    // The holder may ask again, for example after a lost answer.
    const auto again = granted(engine.one(), "a");
    BOOST_TEST(again.token > first.token);
    BOOST_TEST(!*engine.one().renew(first, 1h));
    BOOST_TEST(!!engine.one().release(first)); // no effect
    BOOST_TEST(*engine.one().renew(again, 1h));
    engine.run_out();
    BOOST_TEST(granted(engine.two(), "b").token > again.token);
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(one_that_ran_out_cannot_be_renewed, Engine,
                                lease_engines) {
    Engine engine;
    const auto first = granted(engine.one(), "a");
    engine.run_out();
    BOOST_TEST(!*engine.one().renew(first, 1h));
    const auto second = granted(engine.two(), "b");
    BOOST_TEST(!*engine.one().renew(first, 1h));
    BOOST_TEST(!!engine.one().release(first));
    BOOST_TEST(*engine.two().renew(second, 1h));
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(a_released_one_is_free_at_once, Engine,
                                lease_engines) {
    Engine engine;
    const auto first = granted(engine.one(), "a");
    BOOST_TEST(!!engine.one().release(first));
    BOOST_TEST(!*engine.one().renew(first, 1h));
    BOOST_TEST(granted(engine.two(), "b").token > first.token);
  }

  BOOST_AUTO_TEST_CASE(a_full_memory_keeps_nobody_from_leading) {
    redis_engine engine;
    const auto first = granted(engine.one(), "a");
    engine.ask({"CONFIG", "SET", "maxmemory", "1"});
    BOOST_TEST(*engine.one().renew(first, 1h));
    engine.run_out();
    const auto second = granted(engine.two(), "b");
    BOOST_TEST(second.token > first.token);
    BOOST_TEST(*engine.two().renew(second, 1h));
    BOOST_TEST(!!engine.two().release(second));
  }

  BOOST_AUTO_TEST_CASE(tokens_grow_even_when_redis_was_emptied) {
    redis_engine engine;
    const auto first = granted(engine.one(), "a");
    engine.ask({"FLUSHALL"});
    BOOST_TEST(!*engine.one().renew(first, 1h));
    BOOST_TEST(granted(engine.two(), "b").token > first.token);
    // Also beyond its clock, which may have been set back.
    engine.ask({"HSET", "petrel:catalog", "token", "9007199254740000"});
    engine.run_out();
    BOOST_TEST(granted(engine.one(), "a").token == 9007199254740001u);
  }

  BOOST_AUTO_TEST_CASE(a_former_leader_can_change_nothing_in_redis) {
    redis_server server;
    system_clock_source clock;
    random_source random{1};
    registry::redis_lease leases{server.client(), "petrel:", clock, 1};
    registry::redis_catalog_options options;
    options.client = server.client();
    auto old = *registry::redis_catalog::open(options, clock, random);
    auto fresh = *registry::redis_catalog::open(options, clock, random);
    const auto first = granted(leases, "a");
    old->fence(first);
    auto state = *old->load();
    const auto commit = [&](catalog_store& store, const char* request) {
      const auto change = *plan(
        state, deploy_of("f", static_cast<uint8_t>(state.at.number), request),
        wall_time{});
      const auto done = store.commit(change);
      if (done)
        apply(state, change);
      return done;
    };
    BOOST_TEST(!!commit(*old, "1"));
    BOOST_TEST(!!leases.release(first));
    const auto second = granted(leases, "b");
    fresh->fence(second);
    // Planned on the present revision, yet refused: the leader has changed.
    const auto refused = commit(*old, "2");
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::unavailable));
    BOOST_TEST(refused.error().message.find(" b") != std::string::npos);
    BOOST_TEST(!*fresh->outcome_of(request_id{"2"}));
    BOOST_TEST(!!commit(*fresh, "3"));
    auto unfenced = *registry::redis_catalog::open(options, clock, random);
    BOOST_TEST(!commit(*unfenced, "4"));
    // Nor by an import.
    auto other = state;
    other.at = {"imported", 90};
    const auto import = old->replace(other, request_id{"5"});
    BOOST_REQUIRE(!import);
    BOOST_TEST((import.error().code == errc::unavailable));
    BOOST_TEST(!unfenced->replace(other, request_id{"6"}));
    BOOST_TEST((*fresh->load() == state));
    BOOST_TEST(!!fresh->replace(other, request_id{"7"}));
    BOOST_TEST((*fresh->load() == other));
  }

BOOST_AUTO_TEST_SUITE_END()
