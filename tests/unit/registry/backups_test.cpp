// Copies of the databases, going back to them, and stores of other versions.
#include "registry/sqlite/backups.hpp"

#include "registry/sqlite/sqlite_catalog.hpp"
#include "registry/sqlite/sqlite_secrets.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/memory_secrets.hpp"
#include "tests/support/scratch_folder.hpp"

#include <SQLiteCpp/Database.h>
#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
namespace fs = std::filesystem;

namespace {

const wall_time noon{std::chrono::hours{12}};
using std::chrono::hours;

/// A wall clock that a test sets.
struct set_clock final : clock_source {
  wall_time at{std::chrono::seconds{1'800'000'000}};
  time_point now() const noexcept override { return {}; }
  wall_time wall() const noexcept override { return at; }
};

struct fixture {
  scratch_folder folder{memory_folder()};
  fs::path file = folder / "data/catalog.db";
  random_source random{1};
  set_clock clock;
  std::vector<std::string> lines;

  backup_rules rules() {
    backup_rules made;
    made.clock = &clock;
    made.keep = 3;
    made.log = [this](std::string line) { lines.push_back(line); };
    return made;
  }
  result<std::unique_ptr<sqlite_catalog>> open() {
    sqlite_catalog_options options{file};
    options.backups = rules();
    return sqlite_catalog::open(options, random);
  }
  std::unique_ptr<sqlite_catalog> opened() {
    auto store = open();
    BOOST_REQUIRE_MESSAGE(store, (store ? "" : store.error().to_string()));
    return std::move(*store);
  }
  catalog_state changed(sqlite_catalog& store) {
    auto state = store.load();
    BOOST_REQUIRE(state);
    const auto change = nth_change(*state, 3);
    BOOST_REQUIRE(store.commit(change));
    apply(*state, change);
    return *state;
  }
  std::vector<backup_file> copies() { return database_backups::list(file); }
  void damage() {
    auto bytes = read_file(file);
    for (size_t page = 1; page < 5; ++page)
      for (size_t i = 0; i < 64; ++i)
        bytes[page * 4096 + i] = static_cast<char>(0xa5);
    write_file(file, bytes);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(backups_test, fixture)

  BOOST_AUTO_TEST_CASE(a_change_makes_a_copy_once_a_day) {
    auto store = opened();
    BOOST_TEST(copies().empty()); // nothing has changed
    changed(*store);
    BOOST_REQUIRE(copies().size() == 1);
    changed(*store);
    clock.at += hours{23};
    changed(*store);
    BOOST_TEST(copies().size() == 1u);
    clock.at += hours{2};
    changed(*store);
    BOOST_TEST(copies().size() == 2u);
    store.reset();
    store = opened(); // a restart is no reason
    changed(*store);
    BOOST_TEST(copies().size() == 2u);
    struct stat facts {};
    BOOST_REQUIRE(::stat(copies().back().file.c_str(), &facts) == 0);
    BOOST_TEST((facts.st_mode & 0777) == 0600u);
    BOOST_TEST(lines.empty());
  }

  BOOST_AUTO_TEST_CASE(only_the_newest_copies_are_kept) {
    auto store = opened();
    for (int i = 0; i < 6; ++i, clock.at += hours{25})
      changed(*store);
    const auto all = copies();
    BOOST_REQUIRE(all.size() == 3);
    BOOST_TEST(all.front().sequence == 4u);
    BOOST_TEST(all.back().sequence == 6u);
    BOOST_TEST((all.back().made == clock.at - hours{25}));
  }

  BOOST_AUTO_TEST_CASE(a_clock_that_moves_loses_no_copy) {
    auto store = opened();
    changed(*store);
    clock.at -= hours{1}; // summer time, say
    changed(*store);
    BOOST_TEST(copies().size() == 2u); // the first is "of the future"
    changed(*store);
    BOOST_TEST(copies().size() == 2u);
    clock.at += hours{24 * 365}; // a year ahead by mistake, and back
    changed(*store);
    clock.at -= hours{24 * 365};
    changed(*store);
    const auto newest = copies().back();
    BOOST_TEST(newest.sequence == 4u);
    BOOST_TEST((newest.made == clock.at)); // the order is not the clock's
  }

  BOOST_AUTO_TEST_CASE(a_damaged_catalog_offers_the_newest_good_copy) {
    auto store = opened();
    auto state = changed(*store);
    clock.at += hours{25};
    state = changed(*store);
    clock.at += hours{25};
    changed(*store);
    store.reset();
    // The newest copy is damaged, too: the one before it is offered.
    write_file(copies().back().file, std::string(9000, 'g'));
    const auto offered = copies()[1].file;
    damage();
    auto refused = open();
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().message.find("is damaged") != std::string::npos);
    const auto& next = refused.error().next_step;
    BOOST_TEST(next.find(offered.string()) != std::string::npos, next);
    // What it says can be run as it stands.
    const auto command = next.substr(next.find("mv "));
    BOOST_REQUIRE(::system(command.c_str()) == 0);
    store = opened();
    const auto restored = *store->load();
    BOOST_TEST((restored.functions == state.functions));
    BOOST_TEST(restored.at.number == state.at.number);
    // It must not be mistaken for the history that it was copied from.
    BOOST_TEST(restored.at.history != state.at.history);
    store.reset();
    store = opened();
    BOOST_TEST(store->load()->at.history == restored.at.history);
    changed(*store);
  }

  BOOST_AUTO_TEST_CASE(without_a_copy_the_error_says_so) {
    opened().reset();
    damage();
    write_file(file, std::string(10'000, 'g'));
    const auto refused = open();
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().next_step.find("no backup") != std::string::npos);
    BOOST_TEST(refused.error().next_step.find("faas-cli import")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(a_copy_that_cannot_be_made_stops_no_change) {
    auto store = opened();
    write_file(folder / "data/backups", "in the way");
    const auto state = changed(*store);
    BOOST_REQUIRE(lines.size() == 1);
    BOOST_TEST(lines[0].find("no backup of") != std::string::npos);
    changed(*store);
    BOOST_TEST(lines.size() == 1u); // told once an hour
    fs::remove(folder / "data/backups");
    clock.at += hours{2};
    changed(*store);
    BOOST_TEST(copies().size() == 1u);
    BOOST_TEST(store->load()->at.number == state.at.number + 2);
  }

  BOOST_AUTO_TEST_CASE(an_import_makes_a_copy_of_what_was) {
    auto store = opened();
    auto state = changed(*store);
    state = changed(*store); // not in the daily copy
    catalog_state other;
    other.at = {"other", 9};
    BOOST_REQUIRE(store->replace(other, request_id{}));
    BOOST_REQUIRE(copies().size() == 2);
    store.reset();
    fs::copy_file(copies().back().file, file,
                  fs::copy_options::overwrite_existing);
    for (const auto* end : {"-wal", "-shm"})
      fs::remove(file.string() + end);
    BOOST_TEST((opened()->load()->functions == state.functions));
  }

  BOOST_AUTO_TEST_CASE(secrets_are_copied_sealed_and_restored) {
    const plain_sealer sealer;
    sqlite_secrets_options options;
    options.file = folder / "data/secrets.db";
    options.backups = rules();
    auto store = *sqlite_secrets::open(options, random);
    auto state = *store->load();
    const auto change
      = plan(state,
             put_secret_command{{}, secret_name{"s"}, secret_text{"v"}, {}, ""},
             sealer, noon);
    BOOST_REQUIRE(store->commit(*change));
    apply(state, *change);
    const auto copies = database_backups::list(options.file);
    BOOST_REQUIRE(copies.size() == 1);
    store.reset();
    write_file(options.file, std::string(10'000, 'g'));
    for (const auto* end : {"-wal", "-shm"})
      fs::remove(options.file.string() + end);
    const auto refused = sqlite_secrets::open(options, random);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().next_step.find(copies[0].file.string())
               != std::string::npos);
    fs::copy_file(copies[0].file, options.file,
                  fs::copy_options::overwrite_existing);
    store = *sqlite_secrets::open(options, random);
    BOOST_TEST((store->load()->secrets == state.secrets));
    BOOST_TEST(store->load()->at.history != state.at.history);
  }

  BOOST_AUTO_TEST_CASE(secrets_of_a_newer_petrel_are_refused_unchanged) {
    sqlite_secrets_options options;
    options.file = folder / "data/secrets.db";
    sqlite_secrets::open(options, random)->reset();
    {
      SQLite::Database db{options.file.string(), SQLite::OPEN_READWRITE};
      db.exec("UPDATE petrel_schema SET version = 99");
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    const auto before = read_file(options.file);
    const auto refused = sqlite_secrets::open(options, random);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::conflict));
    BOOST_TEST(refused.error().message.find("newer Petrel")
               != std::string::npos);
    BOOST_TEST(refused.error().next_step.find("go back to the backup")
               != std::string::npos);
    BOOST_TEST((read_file(options.file) == before));
  }

  BOOST_AUTO_TEST_SUITE_END()
