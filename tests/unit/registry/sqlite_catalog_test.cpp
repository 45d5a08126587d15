#include "registry/sqlite/sqlite_catalog.hpp"

#include "registry/sqlite/schema.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/small_disk.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Transaction.h>
#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
namespace fs = std::filesystem;

namespace {

const wall_time noon{std::chrono::hours{12}};

unsigned mode_of(const fs::path& path) {
  struct stat info {};
  BOOST_REQUIRE_MESSAGE(::stat(path.c_str(), &info) == 0, path);
  return info.st_mode & 07777;
}

struct fixture {
  scratch_folder folder{memory_folder()};
  fs::path file = folder / "data/catalog.db";
  random_source random{1};

  result<std::unique_ptr<sqlite_catalog>> open(const fs::path& where,
                                               uint64_t max_bytes = 0) {
    sqlite_catalog_options options{where};
    options.busy_timeout = std::chrono::milliseconds{20};
    options.max_bytes = max_bytes;
    return sqlite_catalog::open(options, random);
  }
  std::unique_ptr<sqlite_catalog> opened(const fs::path& where,
                                         uint64_t max_bytes = 0) {
    auto store = open(where, max_bytes);
    BOOST_REQUIRE_MESSAGE(store, (store ? "" : store.error().to_string()));
    return std::move(*store);
  }
  /// Opening must fail so; the message must name the file and a next step.
  error refusal() {
    auto store = open(file);
    BOOST_REQUIRE(!store);
    BOOST_TEST(store.error().message.find(file.string()) != std::string::npos,
               store.error().message);
    BOOST_TEST(!store.error().next_step.empty());
    return store.error();
  }
  catalog_state state_of(sqlite_catalog& store) {
    auto state = store.load();
    BOOST_REQUIRE_MESSAGE(state, (state ? "" : state.error().to_string()));
    return *state;
  }
  result<void> deploy(sqlite_catalog& store, const deploy_command& command) {
    const auto change = plan(state_of(store), command, noon);
    BOOST_REQUIRE(change);
    return store.commit(*change);
  }
  /// A store with some functions, closed again.
  catalog_state filled(int changes = 40) {
    auto store = opened(file);
    auto state = state_of(*store);
    for (int i = 0; i < changes; ++i) {
      const auto change = nth_change(state, 3);
      BOOST_REQUIRE(store->commit(change));
      apply(state, change);
    }
    return state;
  }
  deploy_command big(const std::string& name, size_t bytes) {
    auto command = deploy_of(name, 1, "big-" + name);
    command.spec.labels["padding"] = std::string(bytes, 'p');
    return command;
  }
  /// Deploys until there is no room, then checks that nothing is half there.
  void fill_and_check(sqlite_catalog& store, const fs::path& where) {
    error full;
    int i = 0;
    for (; i < 200; ++i) {
      const auto name = "f" + std::to_string(i);
      if (auto done = deploy(store, big(name, 20'000)); !done) {
        full = done.error();
        break;
      }
    }
    BOOST_TEST_MESSAGE("full after " << i << ": " << full.to_string());
    BOOST_REQUIRE(i > 0);
    BOOST_REQUIRE(i < 200);
    BOOST_TEST((full.code == errc::storage_full), full.to_string());
    BOOST_TEST(full.message.find(where.string()) != std::string::npos);
    BOOST_TEST(!full.next_step.empty());
    const auto state = state_of(store);
    BOOST_TEST(state.at.number == static_cast<uint64_t>(i));
    BOOST_TEST(state.functions.size() == static_cast<size_t>(i));
    const request_id failed{"big-f" + std::to_string(i)};
    BOOST_TEST(!*store.outcome_of(failed));
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(sqlite_catalog_test, fixture)

  BOOST_AUTO_TEST_CASE(folder_and_files_are_private) {
    const auto before = ::umask(0);
    const auto store = opened(file);
    BOOST_TEST(!!deploy(*store, deploy_of("f", 1)));
    ::umask(before);
    BOOST_TEST(mode_of(file.parent_path()) == 0700u);
    for (const auto suffix : {"", "-wal", "-shm", ".lock"})
      BOOST_TEST(mode_of(file.string() + suffix) == 0600u, suffix);
  }

  BOOST_AUTO_TEST_CASE(a_file_open_to_others_is_closed_to_them) {
    filled(1);
    fs::permissions(file, fs::perms{0644});
    opened(file);
    BOOST_TEST(mode_of(file) == 0600u);
  }

  BOOST_AUTO_TEST_CASE(stores_made_with_other_seeds_have_other_histories) {
    const auto a = state_of(*opened(folder / "a.db")).at.history;
    const auto b = state_of(*opened(folder / "b.db")).at.history;
    BOOST_TEST(a != b);
    BOOST_TEST(state_of(*opened(folder / "a.db")).at.history == a);
  }

  BOOST_AUTO_TEST_CASE(a_second_opener_is_refused_until_the_first_is_gone) {
    auto first = opened(file);
    const auto refused = refusal();
    BOOST_TEST((refused.code == errc::conflict));
    BOOST_TEST(refused.message.find("pid " + std::to_string(::getpid()))
               != std::string::npos);
    BOOST_TEST(!!deploy(*first, deploy_of("f", 1)));
    first.reset();
    BOOST_TEST(state_of(*opened(file)).at.number == 1);
  }

  BOOST_AUTO_TEST_CASE(another_program_that_writes_makes_it_wait_then_fail) {
    auto store = opened(file);
    const auto change = plan(state_of(*store), deploy_of("f", 1, "r"), noon);
    {
      SQLite::Database other{file.string(), SQLite::OPEN_READWRITE};
      SQLite::Transaction held{other, SQLite::TransactionBehavior::IMMEDIATE};
      const auto refused = store->commit(*change);
      BOOST_REQUIRE(!refused);
      BOOST_TEST((refused.error().code == errc::unavailable));
      BOOST_TEST(refused.error().message.find(file.string())
                 != std::string::npos);
    }
    BOOST_TEST(!!store->commit(*change));
  }

  BOOST_AUTO_TEST_CASE(a_reader_beside_it_disturbs_nothing) {
    auto store = opened(file);
    SQLite::Database other{file.string(), SQLite::OPEN_READWRITE};
    SQLite::Transaction snapshot{other};
    BOOST_TEST(other.execAndGet("SELECT count(*) FROM functions").getInt()
               == 0);
    BOOST_TEST(!!deploy(*store, deploy_of("f", 1)));
    BOOST_TEST(other.execAndGet("SELECT count(*) FROM functions").getInt()
               == 0);
  }

  BOOST_AUTO_TEST_CASE(a_file_of_garbage_is_called_damaged_and_left_alone) {
    const std::string garbage(10'000, 'g');
    write_file(file, garbage);
    const auto refused = refusal();
    BOOST_TEST((refused.code == errc::internal));
    BOOST_TEST(refused.message.find("damaged") != std::string::npos);
    BOOST_TEST((read_file(file) == garbage));
  }

  BOOST_AUTO_TEST_CASE(a_broken_page_is_found_when_the_store_is_opened) {
    filled();
    auto bytes = read_file(file);
    BOOST_REQUIRE(bytes.size() > 5 * 4096);
    // The root page of a table: the second page and those after the schema.
    for (size_t page = 1; page < 5; ++page)
      for (size_t i = 0; i < 64; ++i)
        bytes[page * 4096 + i] = static_cast<char>(0xa5);
    write_file(file, bytes);
    const auto refused = refusal();
    BOOST_TEST((refused.code == errc::internal));
    BOOST_TEST(refused.message.find("damaged") != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(a_file_cut_short_is_never_taken_for_a_good_one) {
    filled();
    const auto bytes = read_file(file);
    for (const size_t keep : {100u, 4096u, 6000u, 8192u}) {
      write_file(file, std::string_view{bytes}.substr(0, keep));
      const auto refused = refusal();
      BOOST_TEST((refused.code == errc::internal), refused.to_string());
    }
  }

  BOOST_AUTO_TEST_CASE(an_empty_file_becomes_a_new_store) {
    write_file(file, "");
    BOOST_TEST(state_of(*opened(file)).at.number == 0);
  }

  BOOST_AUTO_TEST_CASE(a_folder_in_the_place_of_the_file_is_an_error) {
    fs::create_directories(file);
    BOOST_TEST((refusal().code == errc::internal));
  }

  BOOST_AUTO_TEST_CASE(a_file_in_the_place_of_the_folder_is_an_error) {
    write_file(folder / "data", "x");
    const auto store = open(file);
    BOOST_REQUIRE(!store);
    BOOST_TEST(store.error().message.find("data") != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(a_database_of_another_program_is_refused_untouched) {
    fs::create_directories(file.parent_path());
    {
      SQLite::Database other{file.string(),
                             SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
      other.exec("CREATE TABLE songs (title TEXT)");
    }
    const auto before = read_file(file);
    const auto refused = refusal();
    BOOST_TEST((refused.code == errc::conflict));
    BOOST_TEST(refused.message.find("no Petrel catalog") != std::string::npos);
    BOOST_TEST((read_file(file) == before));
  }

  BOOST_AUTO_TEST_CASE(a_store_of_a_newer_petrel_is_refused_unchanged) {
    filled(3);
    {
      SQLite::Database db{file.string(), SQLite::OPEN_READWRITE};
      db.exec("UPDATE petrel_schema SET version = 99");
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    const auto before = read_file(file);
    const auto refused = refusal();
    BOOST_TEST((refused.code == errc::conflict));
    BOOST_TEST(refused.message.find("schema 99") != std::string::npos);
    BOOST_TEST(refused.message.find("newer Petrel") != std::string::npos);
    BOOST_TEST((read_file(file) == before));
  }

  BOOST_AUTO_TEST_CASE(an_entry_that_cannot_be_read_is_named) {
    {
      auto store = opened(file);
      BOOST_TEST(!!deploy(*store, deploy_of("good", 1)));
      BOOST_TEST(!!deploy(*store, deploy_of("bad", 1)));
    }
    const auto sabotage = [&](const std::string& sql) {
      SQLite::Database db{file.string(), SQLite::OPEN_READWRITE};
      db.exec(sql);
      const auto state = opened(file)->load();
      BOOST_REQUIRE(!state);
      BOOST_TEST(state.error().message.find("bad version 1")
                 != std::string::npos);
      BOOST_TEST(!state.error().next_step.empty());
    };
    sabotage("UPDATE versions SET bundle = 'x' WHERE function = 'bad'");
    sabotage("UPDATE versions SET spec = '{' WHERE function = 'bad'");
    sabotage("UPDATE functions SET traffic = '[' WHERE name = 'bad'");
    sabotage("DELETE FROM versions WHERE function = 'bad'");
  }

  BOOST_AUTO_TEST_CASE(steps_that_are_missing_are_applied_once_each) {
    SQLite::Database db{":memory:", SQLite::OPEN_READWRITE};
    const std::string_view steps[]
      = {"CREATE TABLE a (x INTEGER)", "ALTER TABLE a ADD COLUMN y INTEGER",
         "INSERT INTO a VALUES (1, 2)"};
    BOOST_TEST(*schema_version(db) == 0);
    BOOST_REQUIRE(migrate(db, std::span{steps}.first(1)));
    BOOST_TEST(*schema_version(db) == 1);
    BOOST_REQUIRE(migrate(db, steps));
    BOOST_REQUIRE(migrate(db, steps));
    BOOST_TEST(*schema_version(db) == 3);
    BOOST_TEST(db.execAndGet("SELECT count(*) FROM a").getInt() == 1);
    BOOST_TEST(!migrate(db, std::span{steps}.first(2)));
  }

  BOOST_AUTO_TEST_CASE(a_file_of_the_first_schema_is_taken_over) {
    const auto at_first = [&] {
      fs::create_directories(file.parent_path());
      SQLite::Database db{file.string(),
                          SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
      BOOST_REQUIRE(migrate(db, catalog_migrations().first(1)));
      db.exec("INSERT INTO revision VALUES (1, 'old', 7);"
              "INSERT INTO functions VALUES ('f', 2, 2, 0);"
              "INSERT INTO functions VALUES ('gone', 0, 4, 6);");
      for (const char* number : {"1", "2"})
        db.exec("INSERT INTO versions VALUES ('f', " + std::string{number}
                + ", '{\"name\":\"f\"}', '" + std::string(64, 'a')
                + "', 1000, 'ada')");
    };
    at_first();
    auto store = opened(file);
    auto state = state_of(*store);
    BOOST_TEST((state.at == revision{"old", 7}));
    const function_name f{"f"};
    BOOST_TEST(state.functions.at(f).current == 2u);
    BOOST_TEST((state.functions.at(f).traffic == traffic_rules{}));
    BOOST_TEST(state.retired.at(function_name{"gone"}).last == 4u);
    // And what is new is kept in it.
    const auto change = plan(state, alias_command{{}, f, "prod", 1, "ada"});
    BOOST_REQUIRE(change);
    BOOST_REQUIRE(store->commit(*change));
    store.reset();
    BOOST_TEST(state_of(*opened(file)).functions.at(f).traffic.aliases.at(
                 "prod")
               == 1u);
  }

  BOOST_AUTO_TEST_CASE(a_step_that_fails_leaves_the_version_before_it) {
    SQLite::Database db{":memory:", SQLite::OPEN_READWRITE};
    const std::string_view steps[]
      = {"CREATE TABLE a (x INTEGER)",
         "CREATE TABLE b (x INTEGER); CREATE TABLE a (y INTEGER)"};
    const auto failed = guarded(&db, file, [&] { return migrate(db, steps); });
    BOOST_REQUIRE(!failed);
    BOOST_TEST(*schema_version(db) == 1);
    BOOST_TEST(!db.tableExists("b"));
  }

  BOOST_AUTO_TEST_CASE(a_full_quota_of_pages_is_storage_full) {
    auto store = opened(file, 256 * 1024);
    fill_and_check(*store, file);
  }

  BOOST_AUTO_TEST_CASE(room_that_is_made_can_be_used) {
    auto store = opened(file, 256 * 1024);
    fill_and_check(*store, file);
    BOOST_REQUIRE(store->commit(*plan(state_of(*store), remove_of("f0"))));
    BOOST_TEST(!!deploy(*store, big("later", 15'000)));
    store.reset();
    BOOST_TEST(
      state_of(*opened(file)).functions.contains(function_name{"later"}));
  }

  BOOST_AUTO_TEST_CASE(a_file_size_limit_is_storage_full) {
    auto store = opened(file);
    {
      const file_size_limit limit{200'000};
      fill_and_check(*store, file);
    }
    BOOST_TEST(!!deploy(*store, deploy_of("after", 1)));
    store.reset();
    BOOST_TEST(
      state_of(*opened(file)).functions.contains(function_name{"after"}));
  }

  BOOST_AUTO_TEST_CASE(a_full_disk_is_storage_full_and_the_store_opens_again) {
    const small_disk disk{600'000};
    if (!disk) {
      BOOST_TEST_MESSAGE("skipped: this process may not mount");
      return;
    }
    const auto where = disk.path() / "catalog.db";
    auto store = opened(where);
    fill_and_check(*store, where);
    const auto state = state_of(*store);
    store.reset();
    BOOST_TEST((state_of(*opened(where)) == state));
  }

  BOOST_AUTO_TEST_CASE(no_room_for_a_new_store_is_storage_full) {
    const small_disk disk{4096};
    if (!disk) {
      BOOST_TEST_MESSAGE("skipped: this process may not mount");
      return;
    }
    const auto store = open(disk.path() / "catalog.db");
    BOOST_REQUIRE(!store);
    BOOST_TEST((store.error().code == errc::storage_full),
               store.error().to_string());
  }

  BOOST_AUTO_TEST_SUITE_END()
