// What every store of the cluster's authority must do.
#include "registry/redis/redis_lease.hpp"
#include "registry/redis/redis_trust_store.hpp"
#include "registry/sealed/key_file.hpp"
#include "registry/trust/folder_trust_store.hpp"
#include "tests/support/memory_trust_store.hpp"
#include "tests/support/redis_server.hpp"

#include <boost/test/unit_test.hpp>
#include <tuple>

using namespace faas;
using namespace faas::testing;
using namespace std::chrono_literals;

namespace {

const trust::authority_keys sample{"factory-1", "the key", "the certificate"};

result<trust::authority_keys> make_sample() {
  return sample;
}
result<trust::authority_keys> must_not_make() {
  BOOST_ERROR("made again");
  return sample;
}

trust::token_entry token(uint8_t content) {
  trust::token_entry made;
  made.secret.bytes[0] = content;
  made.tier = "edge";
  made.expires = wall_time{1h};
  return made;
}

auto adds(uint8_t content) {
  return [content](trust::ledger& book) -> result<void> {
    book.tokens.push_back(token(content));
    return {};
  };
}

struct memory_engine {
  trust_store& open() { return store_; }

private:
  test::memory_trust_store store_;
};

struct folder_engine {
  trust_store& open() {
    store_.reset();
    store_ = *registry::folder_trust_store::open(folder_ / "trust");
    return *store_;
  }

private:
  scratch_folder folder_;
  std::unique_ptr<trust_store> store_;
};

struct redis_engine {
  /// As another controller with the same key file; its own copy is empty.
  trust_store& open() {
    registry::redis_trust_options options;
    options.client = server.client();
    options.key_file = folder / "key";
    options.log = [this](const std::string& line) { log += line + "\n"; };
    auto copy = std::make_unique<test::memory_trust_store>();
    copies.push_back(copy.get());
    stores.push_back(std::make_unique<registry::redis_trust_store>(
      std::move(options), std::move(copy), clock, stores.size()));
    return *stores.back();
  }

  redis_server server;
  scratch_folder folder;
  system_clock_source clock;
  std::string log;
  std::vector<test::memory_trust_store*> copies;
  std::vector<std::unique_ptr<trust_store>> stores;
};

using engines = std::tuple<memory_engine, folder_engine, redis_engine>;

void check(const result<void>& done) {
  BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().to_string()));
}

} // namespace

BOOST_AUTO_TEST_SUITE(trust_contract_test)

  BOOST_AUTO_TEST_CASE_TEMPLATE(the_authority_is_made_once, Engine, engines) {
    Engine engine;
    auto made = engine.open().authority(make_sample);
    BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().to_string()));
    BOOST_TEST((*made == sample));
    auto again = engine.open().authority(must_not_make);
    BOOST_REQUIRE_MESSAGE(again, (again ? "" : again.error().to_string()));
    BOOST_TEST((*again == sample));
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(changes_are_kept_and_failures_are_none, Engine,
                                engines) {
    Engine engine;
    auto& one = engine.open();
    BOOST_REQUIRE(one.authority(make_sample));
    check(one.change(adds(1)));
    const auto failed = one.change([](trust::ledger& book) -> result<void> {
      book.tokens.clear();
      return error{errc::conflict, "no"};
    });
    BOOST_REQUIRE(!failed);
    BOOST_TEST((failed.error().code == errc::conflict));
    check(one.change([](trust::ledger&) { return result<void>{}; }));
    BOOST_REQUIRE_EQUAL(one.read().tokens.size(), 1u);
    auto& two = engine.open();
    BOOST_REQUIRE(two.authority(must_not_make));
    check(two.refresh());
    BOOST_REQUIRE_EQUAL(two.read().tokens.size(), 1u);
    BOOST_TEST((two.read().tokens[0] == token(1)));
  }

  BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_wanted_of_nodes_is_kept, Engine,
                                engines) {
    Engine engine;
    auto& one = engine.open();
    BOOST_REQUIRE(one.authority(make_sample));
    const node_name edge{"edge-1"};
    node_entry wanted;
    wanted.duty = node_duty::draining;
    wanted.keeps = {{function_name{"f"}, 3}, {function_name{"g"}, 1}};
    check(one.change_under({}, [&](trust::ledger& book) {
      return book.keep(edge, wanted);
    }));
    auto& two = engine.open();
    BOOST_REQUIRE(two.authority(must_not_make));
    BOOST_REQUIRE(two.read().nodes.contains(edge));
    BOOST_TEST((two.read().nodes.at(edge) == wanted));
    // One that was removed is told so, by any controller.
    check(two.change([&](trust::ledger& book) -> result<void> {
      trust::certificate_entry given;
      given.serial = "01";
      given.node = edge;
      given.revoked = given.removed = true;
      book.certificates.push_back(given);
      return {};
    }));
    auto& three = engine.open();
    BOOST_REQUIRE(three.authority(must_not_make));
    BOOST_REQUIRE_EQUAL(three.read().certificates.size(), 1u);
    BOOST_TEST(three.read().certificates[0].removed);
  }

  BOOST_AUTO_TEST_CASE(a_former_leader_changes_nothing_that_needs_the_lease) {
    redis_engine engine;
    auto& one = engine.open();
    BOOST_REQUIRE(one.authority(make_sample));
    registry::redis_lease store{engine.server.client(), "petrel:", engine.clock,
                                1};
    const auto old = store.acquire("n1 a", 20s)->granted;
    BOOST_REQUIRE(old);
    check(one.change_under(*old, adds(1)));
    BOOST_REQUIRE(store.release(*old));
    const auto now = store.acquire("n2 b", 20s)->granted;
    BOOST_REQUIRE(now);
    const auto refused = one.change_under(*old, adds(2));
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::unavailable));
    check(one.refresh());
    BOOST_TEST(one.read().tokens.size() == 1u);
    check(one.change(adds(3))); // tokens need no lease
    check(one.change_under(*now, adds(4)));
    BOOST_TEST(one.read().tokens.size() == 3u);
  }

  BOOST_AUTO_TEST_CASE(controllers_see_each_others_changes_and_lose_none) {
    redis_engine engine;
    auto &one = engine.open(), &two = engine.open();
    BOOST_REQUIRE(one.authority(make_sample));
    BOOST_REQUIRE(two.authority(must_not_make));
    for (uint8_t i = 0; i < 20; i += 2) {
      check(one.change(adds(i)));
      check(two.change(adds(i + 1)));
    }
    BOOST_TEST(two.read().tokens.size() == 20u);
    BOOST_TEST(one.read().tokens.size() == 19u);
    check(one.refresh());
    BOOST_TEST((one.read() == two.read()));
    // Each has it on its own disk, too.
    BOOST_TEST((engine.copies[0]->read() == two.read()));
    BOOST_TEST((engine.copies[1]->read() == two.read()));
  }

  BOOST_AUTO_TEST_CASE(nothing_in_redis_can_be_read_or_changed_without_the_key) {
    redis_engine engine;
    auto& one = engine.open();
    BOOST_REQUIRE(one.authority(make_sample));
    check(one.change(adds(1)));
    std::string all;
    for (const auto& item : engine.server.ask({"HGETALL", "petrel:trust"}).items)
      all += item.text + " ";
    BOOST_TEST(all.find("the key") == std::string::npos);
    BOOST_TEST(all.find("factory") == std::string::npos);
    BOOST_TEST(all.find("secret_sha256") == std::string::npos);
    const auto refused = [&] {
      const auto opened = engine.open().authority(make_sample);
      return opened ? errc::ok : opened.error().code;
    };
    // An old ledger passed off as the present one.
    const auto old = engine.server.ask({"HGET", "petrel:trust", "ledger"}).text;
    check(one.change(adds(2)));
    const auto fresh
      = engine.server.ask({"HGET", "petrel:trust", "ledger"}).text;
    engine.server.ask({"HSET", "petrel:trust", "ledger", old});
    BOOST_TEST((refused() == errc::forbidden));
    engine.server.ask({"HSET", "petrel:trust", "ledger", fresh});
    BOOST_TEST((refused() == errc::ok));
    std::filesystem::rename(engine.folder / "key", engine.folder / "away");
    const auto missing = engine.open().authority(make_sample);
    BOOST_REQUIRE(!missing);
    BOOST_TEST((missing.error().code == errc::forbidden));
    BOOST_TEST(missing.error().next_step.find("registry.key_file")
               != std::string::npos);
    BOOST_REQUIRE(registry::file_of_cluster_key(engine.folder / "key").make());
    BOOST_TEST((refused() == errc::forbidden));
  }

  BOOST_AUTO_TEST_CASE(a_folder_of_another_cluster_is_refused) {
    redis_engine engine;
    BOOST_REQUIRE(engine.open().authority(make_sample));
    auto& other = engine.open();
    BOOST_REQUIRE(engine.copies.back()->authority(
      [] { return trust::authority_keys{"other-1", "k", "c"}; }));
    const auto refused = other.authority(make_sample);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::conflict));
    BOOST_TEST(refused.error().message.find("other-1") != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(an_emptied_redis_is_refused_and_filled_at_a_start) {
    redis_engine engine;
    auto& one = engine.open();
    BOOST_REQUIRE(one.authority(make_sample));
    check(one.change(adds(1)));
    engine.server.ask({"FLUSHALL"});
    BOOST_TEST((one.change(adds(2)).error().code == errc::unavailable));
    BOOST_TEST((one.refresh().error().code == errc::unavailable));
    BOOST_TEST(one.read().tokens.size() == 1u);
    // The same node again, with what is on its disk.
    auto& again = engine.open();
    check(engine.copies.back()->change(adds(1)));
    BOOST_REQUIRE(again.authority(make_sample));
    auto& other = engine.open();
    BOOST_REQUIRE(other.authority(must_not_make));
    BOOST_TEST(other.read().tokens.size() == 1u);
    check(one.change(adds(3))); // and it goes on
    BOOST_TEST(one.read().tokens.size() == 2u);
  }

  BOOST_AUTO_TEST_CASE(a_ledger_that_went_back_is_put_right) {
    redis_engine engine;
    auto& one = engine.open();
    BOOST_REQUIRE(one.authority(make_sample));
    check(one.change(adds(1)));
    engine.server.ask({"SAVE"});
    check(one.change(adds(2)));
    engine.server.kill();
    engine.server.start(); // with the snapshot
    check(one.refresh());
    BOOST_TEST(engine.log.find("went back") != std::string::npos);
    BOOST_TEST(one.read().tokens.size() == 2u);
    auto& other = engine.open();
    BOOST_REQUIRE(other.authority(must_not_make));
    BOOST_TEST(other.read().tokens.size() == 2u);
  }

  BOOST_AUTO_TEST_CASE(a_full_memory_keeps_nobody_from_revoking) {
    redis_engine engine;
    auto& one = engine.open();
    BOOST_REQUIRE(one.authority(make_sample));
    engine.server.ask({"CONFIG", "SET", "maxmemory", "1"});
    check(one.change(adds(1)));
    auto& two = engine.open();
    BOOST_REQUIRE(two.authority(must_not_make));
    BOOST_TEST(two.read().tokens.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(while_redis_is_away_what_is_known_can_be_read) {
    redis_engine engine;
    auto& one = engine.open();
    BOOST_REQUIRE(one.authority(make_sample));
    check(one.change(adds(1)));
    engine.server.kill();
    BOOST_TEST((one.change(adds(2)).error().code == errc::unavailable));
    BOOST_TEST((one.refresh().error().code == errc::unavailable));
    BOOST_TEST(one.read().tokens.size() == 1u);
    BOOST_TEST((engine.open().authority(make_sample).error().code
                == errc::unavailable));
  }

BOOST_AUTO_TEST_SUITE_END()
