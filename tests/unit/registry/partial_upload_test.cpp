// Uploads in chunks: going on where they stopped, one at a time, expiry.
#include "registry/bundles/folder_bundle_store.hpp"
#include "registry/bundles/sha256.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tar_builder.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
namespace fs = std::filesystem;

namespace {

struct fixture {
  scratch_folder folder{memory_folder()};
  folder_bundle_options options;
  std::unique_ptr<folder_bundle_store> store;
  std::string bytes = zstd_packed(
    tar_builder{}.file("lib/f.so", noise()).tar());
  digest id = digest_of(bytes);
  uint64_t total = bytes.size();

  fixture() {
    options.root = folder / "bundles";
    reopen();
  }
  static std::string noise() {
    std::string made(20'000, '\0');
    uint32_t x = 7;
    for (auto& c : made)
      c = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
    return made;
  }
  void reopen() {
    store.reset();
    auto opened = folder_bundle_store::open(options);
    BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().to_string()));
    store = std::move(*opened);
  }
  std::unique_ptr<bundle_upload> going_on(uint64_t at) {
    auto upload = store->resume(id, at, total);
    BOOST_REQUIRE_MESSAGE(upload, (upload ? "" : upload.error().to_string()));
    return std::move(*upload);
  }
  void send(uint64_t from, uint64_t size) {
    BOOST_REQUIRE(
      going_on(from)->write(std::string_view{bytes}.substr(from, size)));
  }
  errc refused(uint64_t offset, uint64_t of) {
    auto upload = store->resume(id, offset, of);
    return upload ? errc::ok : upload.error().code;
  }
  fs::path part() { return options.root / "incoming" / (id.hex() + ".part"); }
  fs::path log() { return options.root / "incoming" / (id.hex() + ".log"); }
  void finish() {
    const auto at = store->progress(id).received;
    auto upload = going_on(at);
    BOOST_REQUIRE(upload->write(std::string_view{bytes}.substr(at)));
    const auto done = upload->commit();
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().to_string()));
    upload.reset();
    BOOST_TEST(store->has(id));
    BOOST_TEST((*store->read(id, 0, total) == bytes));
    BOOST_TEST(store->uploads().empty());
    BOOST_TEST(fs::is_empty(options.root / "incoming"));
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(partial_upload_test, fixture)

  BOOST_AUTO_TEST_CASE(an_upload_goes_on_where_it_stopped) {
    BOOST_TEST(store->progress(id).total == 0u);
    send(0, 5000);
    BOOST_TEST(store->progress(id).received == 5000u);
    BOOST_TEST(store->progress(id).total == total);
    BOOST_TEST(!store->has(id));
    send(5000, 1);
    BOOST_REQUIRE(store->uploads().size() == 1);
    BOOST_TEST(store->uploads()[0].progress.received == 5001u);
    finish();
  }

  BOOST_AUTO_TEST_CASE(an_upload_goes_on_after_a_restart) {
    for (uint64_t at = 0; at < 15'000; at += 5000) {
      send(at, 5000);
      reopen();
      BOOST_TEST(store->progress(id).received == at + 5000);
    }
    finish();
    reopen();
    BOOST_TEST(store->has(id));
  }

  BOOST_AUTO_TEST_CASE(what_was_not_made_durable_is_not_believed) {
    send(0, 5000);
    {
      auto upload = going_on(5000);
      BOOST_REQUIRE(
        upload->write(std::string_view{bytes}.substr(5000, 1000)));
      // The machine loses power here: the log knows 5000 bytes.
      fs::copy(options.root, folder / "copy",
               fs::copy_options::recursive);
    }
    options.root = folder / "copy";
    reopen();
    BOOST_TEST(store->progress(id).received == 5000u);
    finish();
  }

  BOOST_AUTO_TEST_CASE(bytes_that_changed_on_the_disk_are_cut_off) {
    send(0, 4000);
    send(4000, 4000);
    send(8000, 4000);
    store.reset();
    auto content = read_file(part());
    content[6000] ^= 1;
    write_file(part(), content);
    reopen();
    BOOST_TEST(store->progress(id).received == 4000u);
    finish();
  }

  BOOST_AUTO_TEST_CASE(a_log_that_makes_no_sense_is_not_followed) {
    const std::string good = [&] {
      send(0, 4000);
      return read_file(log());
    }();
    for (const auto& text :
         {std::string{}, std::string{"petrel-upload 1"},
          std::string{"petrel-upload 1 0\n"},
          std::string{"petrel-upload 1 99999999999999999999\n"},
          std::string{"petrel-upload 2 5000\n"}, std::string(5000, '\0')}) {
      store.reset();
      write_file(part(), bytes.substr(0, 4000));
      write_file(log(), text);
      reopen();
      BOOST_TEST(store->progress(id).total == 0u, text);
      BOOST_TEST(fs::is_empty(options.root / "incoming"));
    }
    // A line that was torn, or is too much, ends it there.
    for (const auto& rest :
         {good.substr(good.find('\n') + 1, 30), std::string{"9 zz\n"},
          std::string{"99999999 "} + id.hex() + "\n",
          std::string{"4100 "} + id.hex() + "\n"}) {
      store.reset();
      write_file(part(), bytes.substr(0, 4000));
      write_file(log(), good + rest);
      reopen();
      BOOST_TEST(store->progress(id).received == 4000u, rest);
    }
    finish();
  }

  BOOST_AUTO_TEST_CASE(one_at_a_time_has_it) {
    auto first = going_on(0);
    BOOST_TEST((refused(0, total) == errc::conflict));
    BOOST_REQUIRE(first->write(std::string_view{bytes}.substr(0, 100)));
    BOOST_TEST(store->progress(id).received == 100u); // as far as it is
    first.reset();
    BOOST_TEST((refused(0, total) == errc::conflict));
    BOOST_TEST((refused(100, total + 1) == errc::conflict));
    BOOST_TEST((refused(101, total) == errc::conflict));
    BOOST_TEST((refused(100, total) == errc::ok));
    // The other way goes beside it.
    auto whole = store->begin(id);
    BOOST_REQUIRE((whole && (*whole)->write(bytes) && (*whole)->commit()));
    BOOST_TEST(store->has(id));
    finish();
  }

  BOOST_AUTO_TEST_CASE(more_or_other_bytes_than_announced_are_refused) {
    BOOST_TEST((refused(0, 0) == errc::too_large));
    BOOST_TEST((refused(0, limits::bundle_bytes + 1) == errc::too_large));
    BOOST_TEST((refused(7, total) == errc::conflict));
    const auto more = going_on(0)->write(bytes + "x");
    BOOST_REQUIRE(!more);
    BOOST_TEST((more.error().code == errc::too_large));
    auto early = going_on(0);
    BOOST_REQUIRE(early->write(std::string_view{bytes}.substr(0, 10)));
    const auto missing = early->commit();
    BOOST_REQUIRE(!missing);
    BOOST_TEST((missing.error().code == errc::conflict));
    early.reset();
    auto wrong = going_on(10);
    BOOST_REQUIRE(wrong->write(std::string(total - 10, 'x')));
    const auto bad = wrong->commit();
    BOOST_REQUIRE(!bad);
    BOOST_TEST((bad.error().code == errc::digest_mismatch));
    wrong.reset();
    BOOST_TEST(store->progress(id).total == 0u); // thrown away
    BOOST_TEST(fs::is_empty(options.root / "incoming"));
    finish();
  }

  BOOST_AUTO_TEST_CASE(only_so_many_may_be_unfinished) {
    options.uploads = 2;
    reopen();
    for (int i = 0; i < 2; ++i)
      BOOST_TEST(!!store->resume(digest_of(std::to_string(i)), 0, 10));
    BOOST_TEST((refused(0, total) == errc::overloaded));
    reopen(); // they count after a restart as well
    BOOST_TEST((refused(0, total) == errc::overloaded));
    BOOST_TEST(store->expire_uploads(wall_time{}) == 0u);
    BOOST_TEST(store->expire_uploads(wall_time::max()) == 2u);
    BOOST_TEST(fs::is_empty(options.root / "incoming"));
    finish();
  }

  BOOST_AUTO_TEST_CASE(an_upload_under_way_does_not_expire) {
    auto upload = going_on(0);
    BOOST_REQUIRE(upload->write(std::string_view{bytes}.substr(0, 100)));
    BOOST_TEST(store->expire_uploads(wall_time::max()) == 0u);
    BOOST_REQUIRE(upload->write(std::string_view{bytes}.substr(100)));
    BOOST_TEST(!!upload->commit());
    BOOST_TEST(store->has(id));
  }

  BOOST_AUTO_TEST_SUITE_END()
