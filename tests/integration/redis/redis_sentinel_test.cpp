// A master that dies under a sentinel.
#include "tests/integration/redis/redis_world.hpp"

using namespace faas;
using namespace faas::testing;
using namespace std::chrono_literals;

namespace {

struct sentinel_world : redis_world {
  redis_catalog_options by_sentinel() {
    redis_catalog_options with;
    with.client = master.client();
    with.client.server = {};
    with.client.server.master = "petrel";
    // The first one is not there.
    with.client.server.sentinels = {{"127.0.0.1", 1}, {"127.0.0.1", number}};
    with.witness = notes / "witness";
    with.wait_replicas = 1;
    return with;
  }
  redis_server::words at(const std::string& port) {
    return {"--port", port, "--bind", "127.0.0.1"};
  }
  redis_server::words replica_of_master() {
    auto words = at(redis_server::free_port());
    words.insert(words.end(), {"--replicaof", "127.0.0.1 " + master_port});
    return words;
  }
  template <class Condition>
  void until(Condition holds) {
    for (int i = 0; i < 4000 && !holds(); ++i)
      ::poll(nullptr, 0, 10);
    BOOST_REQUIRE(holds());
  }

  std::string master_port = redis_server::free_port();
  redis_server master{at(master_port)};
  redis_server replica{replica_of_master()};
  std::string port = redis_server::free_port();
  uint16_t number = static_cast<uint16_t>(std::stoi(port));
  std::unique_ptr<redis_server> sentinel
    = redis_server::sentinel(port, master_port);
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(redis_sentinel_test, sentinel_world)

  BOOST_AUTO_TEST_CASE(after_a_failover_the_new_master_is_found) {
    until([&] {
      return sentinel->ask({"SENTINEL", "replicas", "petrel"}).items.size()
             == 1;
    });
    auto store = open(by_sentinel());
    auto state = loaded(*store);
    until([&] { return !!store->outcome_of(request_id{"none"}); });
    catalog_change change;
    // Until the replica is in step WAIT says so; then all goes through.
    until([&] {
      change = nth_change(state, 5);
      const bool done = !!store->commit(change);
      if (!done)
        state = loaded(*store);
      else
        apply(state, change);
      return done;
    });
    advance(*store, state, 10);
    // A second replica, which WAIT needs after the failover.
    redis_server second{replica_of_master()};
    until([&] {
      return sentinel->ask({"SENTINEL", "replicas", "petrel"}).items.size()
             == 2;
    });
    advance(*store, state, 1);
    master.kill();
    // The same request again and again, as a client would.
    change = nth_change(state, 5);
    until([&] {
      const auto told = store->outcome_of(change.request);
      return (told && *told) || !!store->commit(change);
    });
    apply(state, change);
    BOOST_TEST((loaded(*store) == state));
  }

  BOOST_AUTO_TEST_CASE(an_unknown_master_and_absent_sentinels_are_told) {
    auto with = by_sentinel();
    with.client.server.master = "other";
    check_refused(open(with)->load(), errc::unavailable, "called other");
    with.client.server.sentinels = {{"127.0.0.1", 1}};
    check_refused(open(with)->load(), errc::unavailable,
                  "sentinel 127.0.0.1:1");
  }

BOOST_AUTO_TEST_SUITE_END()
