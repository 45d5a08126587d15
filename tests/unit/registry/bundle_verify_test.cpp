// A flipped byte on the disk is noticed at the next read, wherever it is.
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
  std::string content = noise(300'000);
  std::string bytes = zstd_packed(tar_builder{}
                                    .file("lib/f.so", content)
                                    .add({"run", "#!/bin/sh\n", '0', "", 0755})
                                    .link("link", "lib/f.so")
                                    .tar());
  digest id = digest_of(bytes);

  fixture() {
    options.root = folder / "bundles";
    auto opened = folder_bundle_store::open(options);
    BOOST_REQUIRE(opened);
    store = std::move(*opened);
    put();
  }
  static std::string noise(size_t size) {
    std::string made(size, '\0');
    uint32_t x = 5;
    for (auto& c : made)
      c = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
    return made;
  }
  void put() {
    auto upload = store->begin(id);
    BOOST_REQUIRE((upload && (*upload)->write(bytes) && (*upload)->commit()));
  }
  fs::path packed() {
    return options.root / "packed" / id.hex().substr(0, 2)
           / (id.hex() + ".tar.zst");
  }
  static void flip(const fs::path& file, size_t at) {
    fs::permissions(file, fs::perms::owner_all);
    std::fstream out{file, std::ios::binary | std::ios::in | std::ios::out};
    out.seekg(static_cast<std::streamoff>(at));
    const char old = static_cast<char>(out.get());
    out.seekp(static_cast<std::streamoff>(at));
    out.put(static_cast<char>(old ^ 1));
  }
  void is_set_aside(const error& what) {
    BOOST_TEST((what.code == errc::digest_mismatch), what.to_string());
    BOOST_TEST(what.next_step.find("faas-cli up") != std::string::npos);
    BOOST_TEST(!store->has(id));
    BOOST_TEST(!fs::exists(options.root / "unpacked" / id.hex()));
    BOOST_TEST(fs::exists(options.root / "damaged"
                          / (id.hex() + ".tar.zst")));
    put(); // and can come again
    BOOST_TEST((*store->read(id, 0, bytes.size()) == bytes));
    BOOST_TEST(!!store->unpack(id));
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(bundle_verify_test, fixture)

  BOOST_AUTO_TEST_CASE(every_part_is_read_right) {
    for (const size_t at : {size_t{0}, size_t{65'535}, size_t{65'536},
                            size_t{100'000}, bytes.size() - 1})
      for (const size_t size :
           {size_t{1}, size_t{32'768}, size_t{65'536}, bytes.size()})
        BOOST_TEST((*store->read(id, at, size) == bytes.substr(at, size)));
  }

  BOOST_AUTO_TEST_CASE(a_flipped_byte_is_noticed_at_the_first_read) {
    flip(packed(), 200'000);
    const auto part = store->read(id, 0, 100); // not even that part
    BOOST_REQUIRE(!part);
    is_set_aside(part.error());
  }

  BOOST_AUTO_TEST_CASE(a_byte_that_flips_later_is_noticed_where_it_is_read) {
    BOOST_REQUIRE(store->read(id, 0, 100));
    flip(packed(), 200'000);
    BOOST_REQUIRE(store->read(id, 0, 100));
    const auto part = store->read(id, 190'000, 20'000);
    BOOST_REQUIRE(!part);
    is_set_aside(part.error());
  }

  BOOST_AUTO_TEST_CASE(a_file_that_was_cut_is_noticed) {
    BOOST_REQUIRE(store->read(id, 0, 100));
    fs::resize_file(packed(), 150'000);
    const auto part = store->read(id, 140'000, 50'000);
    BOOST_REQUIRE(!part);
    is_set_aside(part.error());
  }

  BOOST_AUTO_TEST_CASE(packed_bytes_are_verified_at_each_unpack) {
    BOOST_REQUIRE(store->unpack(id));
    flip(packed(), 200'000);
    const auto at = store->unpack(id);
    BOOST_REQUIRE(!at);
    is_set_aside(at.error());
  }

  BOOST_AUTO_TEST_CASE(a_damaged_copy_is_unpacked_again) {
    const auto at = store->unpack(id);
    BOOST_REQUIRE(at);
    const auto lib = *at / "lib/f.so";
    const auto mend = [&] {
      BOOST_REQUIRE(store->unpack(id));
      BOOST_TEST((read_file(lib) == content));
      BOOST_TEST(read_file(*at / "link") == content);
      BOOST_TEST(store->has(id));
      BOOST_TEST(fs::is_empty(options.root / "unpacking"));
    };
    flip(lib, 299'999);
    mend();
    fs::permissions(lib, fs::perms::owner_all);
    fs::resize_file(lib, 1000);
    mend();
    for (const auto& folder : {*at, *at / "lib"})
      fs::permissions(folder, fs::perms::owner_all);
    write_file(*at / "lib/more.so", "not of the bundle");
    mend();
    for (const auto& folder : {*at, *at / "lib"})
      fs::permissions(folder, fs::perms::owner_all);
    fs::remove(lib);
    mend();
    fs::permissions(*at, fs::perms::owner_all);
    fs::remove(*at / "link");
    fs::create_symlink("run", *at / "link");
    mend();
    fs::permissions(*at / "run", fs::perms{0444});
    mend();
  }

  BOOST_AUTO_TEST_CASE(what_is_there_is_listed_with_its_size_and_age) {
    BOOST_REQUIRE(store->list().size() == 1);
    BOOST_TEST((store->list()[0].id == id));
    BOOST_TEST(store->list()[0].packed == bytes.size());
    BOOST_TEST(store->list()[0].unpacked == 0u);
    BOOST_REQUIRE(store->unpack(id));
    BOOST_TEST(store->list()[0].unpacked == content.size() + 10);
    const wall_time then{std::chrono::seconds{1'700'000'000}};
    store->touch(id, then);
    BOOST_TEST((store->list()[0].used == then));
    BOOST_REQUIRE(store->remove(id));
    BOOST_TEST(store->list().empty());
    store->touch(id, then); // nothing happens
  }

  BOOST_AUTO_TEST_SUITE_END()
