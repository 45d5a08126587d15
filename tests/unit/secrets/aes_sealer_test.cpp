#include "registry/secrets/aes_sealer.hpp"

#include "registry/records/secret_json.hpp"
#include "registry/sqlite/sqlite_secrets.hpp"
#include "tests/support/scratch_folder.hpp"

#include <SQLiteCpp/Database.h>
#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::registry;
using faas::testing::memory_folder;
using faas::testing::scratch_folder;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view value = "correct horse battery staple";

struct world {
  aes_sealer sealer(const char* file = "key") {
    auto key = file_of_secret_key(folder / file).load_or_make();
    BOOST_REQUIRE_MESSAGE(key, (key ? "" : key.error().to_string()));
    return aes_sealer{std::move(*key)};
  }

  scratch_folder folder{memory_folder()};
  const secret_name name{"db"};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(aes_sealer_test, world)

  BOOST_AUTO_TEST_CASE(what_was_sealed_can_be_opened_and_is_not_seen) {
    const auto one = sealer();
    for (const std::string& text :
         {std::string{value}, std::string{"\0\xff", 2},
          std::string(limits::secret_bytes, 'x')}) {
      const auto sealed = one.seal(name, 7, text);
      BOOST_REQUIRE(sealed);
      BOOST_TEST(sealed->version == 7u);
      BOOST_TEST(sealed->key == one.key().id());
      BOOST_TEST(sealed->box.size() == text.size() + 28);
      BOOST_TEST(sealed->box.find(text) == std::string::npos);
      const auto opened = one.open(name, *sealed);
      BOOST_REQUIRE(opened);
      BOOST_TEST((opened->view() == text));
    }
  }

  BOOST_AUTO_TEST_CASE(the_same_value_never_makes_the_same_box) {
    const auto one = sealer();
    const auto first = *one.seal(name, 7, value);
    const auto second = *one.seal(name, 7, value);
    BOOST_TEST(first.box.substr(0, 12) != second.box.substr(0, 12));
    BOOST_TEST(first.box.substr(12) != second.box.substr(12));
  }

  BOOST_AUTO_TEST_CASE(no_record_can_stand_in_for_another) {
    const auto one = sealer();
    const auto sealed = *one.seal(name, 7, value);
    BOOST_TEST(!one.open(secret_name{"other"}, sealed));
    auto older = sealed;
    older.version = 6;
    BOOST_TEST(!one.open(name, older));
    // Bytes do not move between name and version either.
    const auto mixed = *one.seal(secret_name{"db0"}, 7, value);
    BOOST_TEST(!one.open(name, mixed));
  }

  BOOST_AUTO_TEST_CASE(every_changed_byte_is_noticed) {
    const auto one = sealer();
    const auto sealed = *one.seal(name, 7, value);
    for (size_t i = 0; i < sealed.box.size(); ++i) {
      auto changed = sealed;
      changed.box[i] = static_cast<char>(changed.box[i] ^ 1);
      const auto opened = one.open(name, changed);
      BOOST_REQUIRE(!opened);
      BOOST_TEST((opened.error().code == errc::internal));
      BOOST_TEST(opened.error().message.find("db") != std::string::npos);
    }
    for (size_t size : {size_t{0}, size_t{27}, sealed.box.size() - 1}) {
      auto cut = sealed;
      cut.box.resize(size);
      BOOST_TEST(!one.open(name, cut));
    }
  }

  BOOST_AUTO_TEST_CASE(another_key_is_named) {
    const auto one = sealer();
    const auto two = sealer("key-2");
    const auto sealed = *one.seal(name, 7, value);
    const auto opened = two.open(name, sealed);
    BOOST_REQUIRE(!opened);
    BOOST_TEST((opened.error().code == errc::unavailable));
    for (const auto& id : {one.key().id(), two.key().id()})
      BOOST_TEST(opened.error().message.find(id) != std::string::npos);
    BOOST_TEST(opened.error().next_step.find("update db") != std::string::npos);
    // Also when it lies about its key.
    auto lying = sealed;
    lying.key = two.key().id();
    BOOST_TEST((two.open(name, lying).error().code == errc::internal));
  }

  BOOST_AUTO_TEST_CASE(a_locked_sealer_tells_its_reason) {
    const locked_sealer locked{{errc::unavailable, "no key", "bring it"}};
    BOOST_TEST(locked.seal(name, 1, value).error().message == "no key");
    BOOST_TEST(locked.open(name, {}).error().message == "no key");
  }

  BOOST_AUTO_TEST_CASE(a_record_as_json_comes_back) {
    auto sealed = *sealer().seal(name, 7, value);
    sealed.by = "ada";
    sealed.changed = wall_time{std::chrono::seconds{1}};
    const auto text = secret_to_json(sealed);
    const auto back = secret_from_json(name, text);
    BOOST_REQUIRE(back);
    BOOST_TEST((*back == sealed));
    for (const char* bad : {"", "[]", "{}", R"({"version":1,"key":"k","box":"0g",
        "created_ns":0,"changed_ns":0,"by":""})"}) {
      const auto read = secret_from_json(name, bad);
      BOOST_REQUIRE(!read);
      BOOST_TEST(read.error().message.find("db") != std::string::npos);
    }
  }

  BOOST_AUTO_TEST_CASE(nothing_of_a_value_is_in_the_database_files) {
    const auto one = sealer();
    random_source random{1};
    {
      sqlite_secrets_options options;
      options.file = folder / "db" / "secrets.db";
      auto store = *sqlite_secrets::open(options, random);
      auto state = *store->load();
      for (const auto* text : {"first-value-xyzzy", "second-value-xyzzy"}) {
        const auto change = plan(
          state, {{}, name, secret_text{std::string_view{text}}, {}, "ada"},
          one, {});
        BOOST_REQUIRE(change);
        BOOST_REQUIRE(store->commit(*change));
        apply(state, *change);
      }
    }
    size_t files = 0;
    for (const auto& entry : fs::directory_iterator{folder / "db"}) {
      std::ifstream in{entry.path(), std::ios::binary};
      const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
      BOOST_TEST(bytes.find("xyzzy") == std::string::npos, entry.path());
      ++files;
    }
    BOOST_TEST(files > 0u);
  }

  BOOST_AUTO_TEST_CASE(a_damaged_store_says_what_to_do) {
    random_source random{1};
    sqlite_secrets_options options;
    options.file = folder / "secrets.db";
    std::ofstream{options.file} << std::string(8192, 'x');
    const auto opened = sqlite_secrets::open(options, random);
    BOOST_REQUIRE(!opened);
    BOOST_TEST(opened.error().message.find("the store of secrets")
               != std::string::npos);
    BOOST_TEST(opened.error().next_step.find("secrets again")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(a_full_store_keeps_what_it_has) {
    const auto one = sealer();
    random_source random{1};
    sqlite_secrets_options options;
    options.file = folder / "secrets.db";
    options.max_bytes = 256 * 1024;
    auto store = *sqlite_secrets::open(options, random);
    auto state = *store->load();
    errc code = errc::ok;
    for (int i = 0; i < 20 && code == errc::ok; ++i) {
      const auto change = plan(
        state,
        {{}, secret_name{"s" + std::to_string(i)},
         secret_text{std::string(limits::secret_bytes, 'x')}, {}, ""},
        one, {});
      const auto done = store->commit(*change);
      if (done)
        apply(state, *change);
      else
        code = done.error().code;
    }
    BOOST_TEST((code == errc::storage_full));
    BOOST_TEST((*store->load() == state));
  }

BOOST_AUTO_TEST_SUITE_END()
