// Passwords, users, databases, prefixes.
#include "registry/redis/redis_secrets.hpp"
#include "tests/integration/redis/redis_world.hpp"

using namespace faas;
using namespace faas::testing;

namespace {

/// As registry/redis/README.md gives it.
const redis_server::words petrel_user{
  "ACL",      "SETUSER",  "petrel",  "reset",    "on",       ">s3cret",
  "~petrel:*", "+eval",   "+evalsha", "+ping",   "+select",  "+wait",
  "+get",     "+set",     "+del",    "+exists",  "+pttl",    "+pexpire",
  "+hget",    "+hmget",   "+hgetall", "+hkeys",  "+hset",    "+hdel",
  "+hexists", "+hincrby", "+zadd",   "+zrem",    "+zcard",   "+zrange",
  "+rpush",   "+lpop",    "+llen",   "+time",    "+hlen",   "+rename",
  "+persist"};

} // namespace

BOOST_FIXTURE_TEST_SUITE(redis_login_test, redis_world)

  BOOST_AUTO_TEST_CASE(a_password_is_needed_and_never_told) {
    redis_server server{{"--requirepass", "s3cret"}};
    auto with = options(server);
    check_refused(open(with)->load(), errc::unavailable, "NOAUTH");
    with.client.server.password = "wr0ng";
    const auto refused = open(with)->load();
    check_refused(refused, errc::unavailable, "WRONGPASS");
    BOOST_TEST(refused.error().to_string().find("wr0ng") == std::string::npos);
    with.client.server.password = "s3cret";
    auto store = open(with);
    auto state = loaded(*store);
    advance(*store, state, 3);
    BOOST_TEST((loaded(*open(with)) == state));
  }

  BOOST_AUTO_TEST_CASE(an_acl_user_with_the_documented_rights_is_enough) {
    redis_server server;
    server.ask(petrel_user);
    auto with = options(server);
    with.client.server.user = "petrel";
    with.client.server.password = "s3cret";
    auto store = open(with);
    auto state = loaded(*store);
    advance(*store, state, 60);
    BOOST_TEST((loaded(*store) == state));
    BOOST_TEST(!!*store->outcome_of(request_id{"5-60"}));
    // An import, with secrets.
    registry::redis_secrets_options for_secrets;
    for_secrets.client = with.client;
    auto secrets
      = *registry::redis_secrets::open(for_secrets, clock, random);
    secrets_state brought;
    brought.at = {"imported", 3};
    brought.secrets[secret_name{"s"}].version = 1;
    BOOST_REQUIRE(secrets->stage(brought));
    state.at = {"imported", state.at.number + 1};
    BOOST_REQUIRE(store->replace(state, request_id{"import"}));
    BOOST_REQUIRE(secrets->settle("imported"));
    BOOST_TEST((loaded(*store) == state));
    BOOST_TEST(secrets->load()->secrets.size() == 1u);
    with.prefix = "other:";
    with.witness.clear();
    check_refused(open(with)->load(), errc::unavailable, "NOPERM");
    server.ask({"ACL", "SETUSER", "petrel", "-evalsha"});
    check_refused(store->commit(nth_change(state, 5)), errc::unavailable,
                  "NOPERM");
    BOOST_TEST((loaded(*store) == state));
  }

  BOOST_AUTO_TEST_CASE(prefixes_and_databases_are_stores_of_their_own) {
    redis_server server;
    auto one = options(server), two = options(server), three = options(server);
    two.prefix = "b:";
    three.client.server.database = 3;
    two.witness.clear();
    three.witness.clear();
    auto store = open(one);
    auto state = loaded(*store);
    advance(*store, state, 5);
    for (const auto& with : {two, three}) {
      auto other = open(with);
      auto empty = loaded(*other);
      BOOST_TEST(empty.functions.empty());
      BOOST_TEST(empty.at.history != state.at.history);
      advance(*other, empty, 7, 8);
      BOOST_TEST((loaded(*open(with)) == empty));
    }
    BOOST_TEST((loaded(*store) == state));
    for (const auto* bad : {"a b", "a{b}", "a*", "\n"})
      BOOST_TEST(!registry::check_redis_prefix(bad));
    BOOST_TEST(!registry::check_redis_prefix(std::string(65, 'a')));
  }

BOOST_AUTO_TEST_SUITE_END()
