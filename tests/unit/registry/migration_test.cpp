// Stores that earlier versions wrote, kept in old/, opened by this one.
#include "registry/secrets/aes_sealer.hpp"
#include "registry/sqlite/backups.hpp"
#include "registry/sqlite/schema.hpp"
#include "registry/sqlite/sqlite_catalog.hpp"
#include "registry/sqlite/sqlite_secrets.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/scratch_folder.hpp"

#include <SQLiteCpp/Database.h>
#include <boost/test/unit_test.hpp>

#include <cstdlib>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
namespace fs = std::filesystem;

namespace {

struct fixture {
  scratch_folder folder{memory_folder()};
  random_source random{1};

  static fs::path kept(const std::string& name) {
    const char* source = std::getenv("PETREL_SOURCE");
    return fs::path{source ? source : "."} / "tests/unit/registry/old" / name;
  }
  fs::path copy(const std::string& name, const std::string& as) {
    fs::create_directories(folder / "data");
    const auto to = folder / ("data/" + as);
    fs::copy_file(kept(name), to, fs::copy_options::overwrite_existing);
    return to;
  }
  std::unique_ptr<sqlite_catalog> opened(const fs::path& file) {
    auto store = sqlite_catalog::open({file}, random);
    BOOST_REQUIRE_MESSAGE(store, (store ? "" : store.error().to_string()));
    return std::move(*store);
  }
  static uint32_t schema_of(const fs::path& file) {
    SQLite::Database db{file.string(), SQLite::OPEN_READONLY};
    return *schema_version(db);
  }
};

const function_name camera{"camera"}, hello{"hello"}, gone{"gone"};

void check_camera(const function_record& record) {
  using namespace std::chrono_literals;
  BOOST_TEST(record.current == 3u);
  BOOST_TEST(record.last == 3u);
  BOOST_TEST((record.traffic == traffic_rules{}));
  BOOST_REQUIRE(record.versions.size() == 3);
  for (const auto& [number, version] : record.versions) {
    BOOST_TEST(version.by == "ada");
    BOOST_TEST(version.bundle.bytes[0] == number);
    BOOST_TEST((version.created
                == wall_time{std::chrono::seconds{1'763'800'000 + number}}));
    const auto& spec = version.spec;
    BOOST_TEST(spec.environment.at("LEVEL") == std::to_string(number));
    BOOST_TEST(spec.labels.at("team") == "vision");
    BOOST_TEST(spec.limits.at("memory") == "40Mi");
    const auto& p = spec.petrel;
    BOOST_TEST(p.artifact == "libcamera.so");
    BOOST_TEST((p.mode == trust_mode::threads));
    BOOST_TEST(p.size.divisor == 784);
    BOOST_TEST((p.needs.tiers == std::vector<std::string>{"edge"}));
    BOOST_TEST((p.topics == std::vector<std::string>{"camera/+/batch"}));
    BOOST_TEST(p.concurrency == 2u);
    BOOST_TEST((p.timeout == 1500ms));
    BOOST_TEST(p.idempotent);
    BOOST_TEST(p.policy == "round-robin");
    BOOST_REQUIRE(p.inputs.size() == 1);
    BOOST_TEST(p.inputs[0].datatype == "UINT8");
    BOOST_TEST((p.rollout == rollout_plan{}));
  }
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(migration_test, fixture)

  BOOST_AUTO_TEST_CASE(there_is_a_store_of_each_schema_before_this_one) {
    for (uint32_t i = 1; i < catalog_migrations().size(); ++i)
      BOOST_TEST(
        schema_of(copy("catalog-" + std::to_string(i) + ".db", "c.db")) == i);
    for (uint32_t i = 1; i < secrets_migrations().size(); ++i)
      BOOST_TEST(
        schema_of(copy("secrets-" + std::to_string(i) + ".db", "s.db")) == i);
  }

  BOOST_AUTO_TEST_CASE(the_first_catalog_is_taken_over_whole) {
    const auto file = copy("catalog-1.db", "catalog.db");
    auto store = opened(file);
    auto state = *store->load();
    BOOST_TEST(state.at.number == 6u);
    BOOST_TEST(state.at.history.size() == 36u);
    BOOST_REQUIRE(state.functions.size() == 2);
    check_camera(state.functions.at(camera));
    BOOST_TEST(state.functions.at(hello).versions.at(1).spec.petrel.artifact
               == "hello.so");
    BOOST_TEST(state.retired.at(gone).last == 1u);
    BOOST_TEST(state.retired.at(gone).removed == 6u);
    for (uint64_t i = 1; i <= 6; ++i) {
      const auto was
        = *store->outcome_of(request_id{"request-" + std::to_string(i)});
      BOOST_REQUIRE(was);
      BOOST_TEST(was->at.number == i);
    }
    // It is ours now: what is new is kept in it.
    const auto change = plan(state, alias_command{{}, camera, "prod", 2, ""});
    BOOST_REQUIRE(store->commit(*change));
    apply(state, *change);
    store.reset();
    BOOST_TEST((*opened(file)->load() == state));
    BOOST_TEST(schema_of(file) == catalog_migrations().size());
  }

  BOOST_AUTO_TEST_CASE(before_it_is_changed_it_is_copied) {
    const auto file = copy("catalog-1.db", "catalog.db");
    opened(file).reset();
    const auto copies = database_backups::list(file);
    BOOST_REQUIRE(copies.size() == 1);
    BOOST_TEST(schema_of(copies[0].file) == 1u);
    opened(file).reset(); // once only
    BOOST_TEST(database_backups::list(file).size() == 1u);
    // The copy opens as well, here and then.
    fs::copy_file(copies[0].file, folder / "data/other.db");
    check_camera(
      opened(folder / "data/other.db")->load()->functions.at(camera));
  }

  BOOST_AUTO_TEST_CASE(without_room_for_the_copy_nothing_is_changed) {
    const auto file = copy("catalog-1.db", "catalog.db");
    write_file(folder / "data/backups", "in the way");
    const auto refused = sqlite_catalog::open({file}, random);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().message.find("backups") != std::string::npos,
               refused.error().message);
    BOOST_TEST(schema_of(file) == 1u);
    fs::remove(folder / "data/backups");
    check_camera(opened(file)->load()->functions.at(camera));
  }

  BOOST_AUTO_TEST_CASE(the_first_secrets_are_taken_over_and_open) {
    sqlite_secrets_options options;
    options.file = copy("secrets-1.db", "secrets.db");
    auto store = sqlite_secrets::open(options, random);
    BOOST_REQUIRE_MESSAGE(store, (store ? "" : store.error().to_string()));
    const auto state = *(*store)->load();
    BOOST_TEST(state.at.number == 4u);
    BOOST_REQUIRE(state.secrets.size() == 2);
    auto text = read_file(kept("secrets-1.key"));
    text.resize(64);
    const aes_sealer sealer{*symmetric_key::from_hex(text)};
    const auto value = [&](const char* name) {
      const secret_name called{name};
      auto opened = sealer.open(called, state.secrets.at(called));
      BOOST_REQUIRE(opened);
      return std::string{opened->view()};
    };
    BOOST_TEST(value("db") == "value-3 of the test");
    BOOST_TEST(value("other") == "any bytes");
    BOOST_TEST(state.secrets.at(secret_name{"db"}).version == 3u);
    BOOST_TEST(database_backups::list(options.file).size() == 1u);
  }

  BOOST_AUTO_TEST_SUITE_END()
