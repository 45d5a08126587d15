// What happens to the catalog when Redis loses, keeps or refuses data.
#include "tests/integration/redis/redis_world.hpp"
#include "tests/support/killed_child.hpp"

using namespace faas;
using namespace faas::testing;

BOOST_FIXTURE_TEST_SUITE(redis_data_test, redis_world)

  BOOST_AUTO_TEST_CASE(a_restart_with_appendfsync_always_loses_nothing) {
    redis_server server{{"--appendonly", "yes", "--appendfsync", "always"}};
    auto store = open(options(server));
    auto state = loaded(*store);
    advance(*store, state, 30);
    server.kill();
    server.start();
    advance(*store, state, 3); // the same object finds its way back
    BOOST_TEST((loaded(*store) == state));
    BOOST_TEST((loaded(*open(options(server))) == state));
  }

  BOOST_AUTO_TEST_CASE(a_store_that_was_emptied_is_not_taken_for_the_old_one) {
    redis_server server;
    auto store = open(options(server));
    auto state = loaded(*store);
    advance(*store, state, 5);
    server.ask({"FLUSHALL"});
    check_refused(store->commit(nth_change(state, 5)), errc::unavailable,
                  "emptied");
    check_refused(store->load(), errc::unavailable, "emptied");
    // Also for a node that was restarted, which knows it by its note.
    const auto again = open(options(server));
    check_refused(again->load(), errc::unavailable, "emptied");
    BOOST_TEST(server.ask({"DBSIZE"}).number == 0);
    // As the error says: without the note it begins anew.
    std::filesystem::remove(notes / "witness");
    const auto fresh = open(options(server));
    const auto empty = loaded(*fresh);
    BOOST_TEST(empty.functions.empty());
    BOOST_TEST(empty.at.history != state.at.history);
    check_refused(store->commit(nth_change(state, 5)), errc::conflict,
                  "history");
  }

  BOOST_AUTO_TEST_CASE(a_restart_without_persistence_is_noticed) {
    redis_server server;
    auto store = open(options(server));
    auto state = loaded(*store);
    advance(*store, state, 5);
    server.kill();
    server.start();
    check_refused(store->commit(nth_change(state, 5)), errc::unavailable,
                  "emptied");
    check_refused(open(options(server))->load(), errc::unavailable, "emptied");
  }

  BOOST_AUTO_TEST_CASE(a_store_that_went_back_gets_a_new_history) {
    redis_server server;
    auto store = open(options(server));
    auto state = loaded(*store);
    advance(*store, state, 5);
    server.ask({"SAVE"});
    const auto kept = state;
    advance(*store, state, 5);
    server.kill();
    server.start(); // with the snapshot
    check_refused(store->commit(nth_change(state, 5)), errc::conflict,
                  "revision 5");
    check_refused(store->load(), errc::unavailable, "went back");
    const auto now = loaded(*open(options(server)));
    BOOST_TEST((now.functions == kept.functions));
    BOOST_TEST(now.at.number == 5u);
    BOOST_TEST(now.at.history != state.at.history);
    BOOST_TEST(log.find("went back to revision 5") != std::string::npos);
    check_refused(store->commit(nth_change(kept, 6)), errc::conflict,
                  "history");
    auto forward = loaded(*store);
    BOOST_TEST((forward == now));
    advance(*store, forward, 3, 9);
    BOOST_TEST((loaded(*open(options(server))) == forward));
  }

  BOOST_AUTO_TEST_CASE(a_full_memory_refuses_and_leaves_nothing_half_done) {
    redis_server server{{"--maxmemory-policy", "noeviction"}};
    auto store = open(options(server));
    auto state = loaded(*store);
    const auto keep = [&](const result<catalog_change>& change) {
      BOOST_REQUIRE(change);
      BOOST_REQUIRE(store->commit(*change));
      apply(state, *change);
    };
    keep(plan(state, deploy_of("f", 1, "one"), wall_time{}));
    keep(plan(state, deploy_of("g", 1, "two"), wall_time{}));
    const auto dump = [&] {
      std::string all;
      for (const auto* key : {"catalog", "functions", "requests"})
        for (const auto& item :
             server.ask({"HGETALL", std::string{"petrel:"} + key}).items)
          all += item.text + " ";
      return all;
    };
    const auto before = dump();
    server.ask({"CONFIG", "SET", "maxmemory", "1"});
    const auto change = *plan(state, deploy_of("f", 2, "three"), wall_time{});
    check_refused(store->commit(change), errc::storage_full, "maxmemory");
    BOOST_TEST(dump() == before);
    BOOST_TEST((loaded(*store) == state));
    // Same spec again: only the request would be written.
    const auto same = *plan(state, deploy_of("f", 1, "four"), wall_time{});
    check_refused(store->commit(same), errc::storage_full, "maxmemory");
    BOOST_TEST(dump() == before);
    keep(plan(state, remove_of("g", "five"))); // a way out
    BOOST_TEST((loaded(*store) == state));
    server.ask({"CONFIG", "SET", "maxmemory", "0"});
    keep(plan(state, deploy_of("f", 2, "three"), wall_time{}));
    BOOST_TEST((loaded(*store) == state));
  }

  BOOST_AUTO_TEST_CASE(an_import_that_redis_cannot_take_changes_nothing) {
    redis_server server{{"--maxmemory-policy", "noeviction"}};
    auto store = open(options(server));
    auto state = loaded(*store);
    advance(*store, state, 5);
    auto other = state;
    other.at = {"imported", 90};
    server.ask({"CONFIG", "SET", "maxmemory", "1"});
    check_refused(store->replace(other, request_id{"import"}),
                  errc::storage_full, "maxmemory");
    BOOST_TEST((loaded(*store) == state));
    // Nor may its own step be the one that finds the memory full.
    other.functions.clear();
    other.retired.clear();
    check_refused(store->replace(other, request_id{"import"}),
                  errc::storage_full, "maxmemory");
    BOOST_TEST((loaded(*store) == state));
    server.ask({"CONFIG", "SET", "maxmemory", "0"});
    BOOST_REQUIRE(store->replace(other, request_id{"import"}));
    BOOST_TEST((loaded(*store) == other));
    for (const auto& key : server.ask({"KEYS", "*import*"}).items)
      BOOST_TEST(server.ask({"PTTL", key.text}).number > 0); // they end
  }

  BOOST_AUTO_TEST_CASE(a_read_only_replica_refuses_with_what_to_do) {
    redis_server server;
    auto store = open(options(server));
    auto state = loaded(*store);
    advance(*store, state, 5);
    server.ask({"REPLICAOF", "127.0.0.1", "1"}); // nobody listens there
    const auto refused = store->commit(nth_change(state, 5));
    check_refused(refused, errc::unavailable, "READONLY");
    BOOST_TEST(refused.error().next_step.find("master") != std::string::npos);
    BOOST_TEST((loaded(*store) == state));
    server.ask({"REPLICAOF", "NO", "ONE"});
    advance(*store, state, 1);
    BOOST_TEST((loaded(*store) == state));
  }

  BOOST_AUTO_TEST_CASE(with_wait_a_change_is_told_once_a_replica_has_it) {
    const auto port = redis_server::free_port();
    redis_server master{{"--port", port, "--bind", "127.0.0.1"}};
    auto with = options(master);
    with.wait_replicas = 1;
    with.wait_timeout = std::chrono::milliseconds{200};
    auto store = open(with);
    auto state = loaded(*store);
    const auto lonely = nth_change(state, 5);
    check_refused(store->commit(lonely), errc::unavailable, "0 of 1");
    check_refused(store->outcome_of(lonely.request), errc::unavailable,
                  "0 of 1");
    redis_server replica{{"--replicaof", "127.0.0.1 " + port}};
    // It connects by itself; until then the request stays unanswered.
    auto told = store->outcome_of(lonely.request);
    for (int i = 0; i < 300 && !told; ++i)
      told = store->outcome_of(lonely.request);
    BOOST_REQUIRE_MESSAGE(told, (told ? "" : told.error().to_string()));
    BOOST_REQUIRE(*told);
    BOOST_TEST(((*told)->at == lonely.outcome.at));
    apply(state, lonely);
    // With patience for a busy machine.
    store.reset();
    with.client.command_timeout = std::chrono::seconds{40};
    with.wait_timeout = std::chrono::seconds{20};
    store = open(with);
    BOOST_TEST((loaded(*store) == state));
    auto next = nth_change(state, 5);
    auto done = store->commit(next);
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().to_string()));
    apply(state, next);
    // The acknowledged change is there when the master is gone for good.
    master.kill();
    replica.ask({"REPLICAOF", "NO", "ONE"});
    auto promoted = options(replica);
    BOOST_TEST((loaded(*open(promoted)) == state));
  }

  BOOST_AUTO_TEST_CASE(a_newer_schema_is_left_alone) {
    redis_server server;
    auto store = open(options(server));
    auto state = loaded(*store);
    advance(*store, state, 3);
    server.ask({"HSET", "petrel:catalog", "schema", "2"});
    check_refused(store->commit(nth_change(state, 5)), errc::conflict,
                  "schema 2");
    check_refused(open(options(server))->load(), errc::conflict, "schema 2");
    server.ask({"HSET", "petrel:catalog", "schema", "1"});
    BOOST_TEST((loaded(*store) == state));
  }

  BOOST_AUTO_TEST_CASE(a_damaged_record_is_named) {
    redis_server server;
    auto store = open(options(server));
    auto state = loaded(*store);
    advance(*store, state, 3);
    server.ask({"HSET", "petrel:functions", "broken", "{\"current\":1"});
    check_refused(store->load(), errc::internal, "broken");
    server.ask({"DEL", "petrel:functions"});
    server.ask({"SET", "petrel:functions", "x"});
    check_refused(store->load(), errc::unavailable, "WRONGTYPE");
  }

  BOOST_AUTO_TEST_CASE(every_acknowledged_change_survives_kill_9_of_its_node) {
    redis_server server;
    auto expected = loaded(*open(options(server)));
    for (uint64_t seed = 1; seed <= 10; ++seed)
      BOOST_TEST_CONTEXT("seed " << seed) {
        random_source dice{seed};
        killed_child child{[&](const auto& report) {
          auto store = open(options(server));
          auto state = loaded(*store);
          for (;;) {
            advance(*store, state, 1, 17);
            report(state.at.number);
          }
        }};
        auto acknowledged = expected.at.number;
        for (auto wait = dice.below(30); wait > 0; --wait)
          if (const auto number = child.next())
            acknowledged = *number;
        ::poll(nullptr, 0, static_cast<int>(dice.below(4)));
        BOOST_REQUIRE(child.kill());
        while (const auto number = child.next())
          acknowledged = *number;
        // At most the one under way is there besides.
        const auto found = loaded(*open(options(server)));
        BOOST_TEST(found.at.number >= acknowledged);
        BOOST_TEST(found.at.number <= acknowledged + 1);
        while (expected.at.number < found.at.number)
          apply(expected, nth_change(expected, 17));
        BOOST_REQUIRE((found == expected));
      }
  }

BOOST_AUTO_TEST_SUITE_END()
