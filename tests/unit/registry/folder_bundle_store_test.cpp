#include "registry/bundles/folder_bundle_store.hpp"

#include "registry/bundles/pack.hpp"
#include "registry/bundles/sha256.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/tar_builder.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>
#include <thread>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
namespace fs = std::filesystem;

namespace {

struct fixture {
  scratch_folder folder{memory_folder()};
  folder_bundle_options options{folder / "bundles", {}, {}, {}};
  std::unique_ptr<folder_bundle_store> store;

  fixture() {
    options.packed_bytes = limits::bundle_bytes;
    reopen();
  }
  void reopen() {
    store.reset();
    auto opened = folder_bundle_store::open(options);
    BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().to_string()));
    store = std::move(*opened);
  }
  static std::string good_bundle(const std::string& content = "content") {
    return zstd_packed(tar_builder{}
                         .file("lib/f.so", content)
                         .add({"run", "#!/bin/sh\n", '0', "", 0755})
                         .link("link", "lib/f.so")
                         .tar());
  }
  result<void> upload_as(const digest& id, std::string_view bytes) {
    auto upload = store->begin(id);
    if (!upload)
      return upload.error();
    // In pieces, as from a socket.
    for (size_t at = 0; at < bytes.size(); at += 1000)
      if (auto ok = (*upload)->write(bytes.substr(at, 1000)); !ok)
        return ok;
    return (*upload)->commit();
  }
  digest uploaded(std::string_view bytes) {
    const auto id = digest_of(bytes);
    const auto ok = upload_as(id, bytes);
    BOOST_REQUIRE_MESSAGE(ok, (ok ? "" : ok.error().to_string()));
    return id;
  }
  bool nothing_in(const std::string& name) {
    return fs::is_empty(options.root / name);
  }
  fs::path packed_file(const digest& id) {
    return options.root / "packed" / id.hex().substr(0, 2)
           / (id.hex() + ".tar.zst");
  }
  /// Uploading the bytes must fail so and leave nothing behind.
  error refusal(std::string_view bytes) {
    const auto id = digest_of(bytes);
    const auto refused = upload_as(id, bytes);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(!store->has(id));
    BOOST_TEST(nothing_in("incoming"));
    return refused.error();
  }
  /// The archive must be refused as a bad bundle, naming the entry.
  void refuses(const tar_builder& archive, const std::string& entry) {
    const auto refused = refusal(zstd_packed(archive.tar()));
    BOOST_TEST((refused.code == errc::bad_bundle), refused.to_string());
    BOOST_TEST(refused.message.find("'" + entry) != std::string::npos,
               refused.to_string());
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(folder_bundle_store_test, fixture)

  BOOST_AUTO_TEST_CASE(an_uploaded_bundle_is_there_also_after_a_restart) {
    const auto bytes = good_bundle();
    const auto id = uploaded(bytes);
    for (int round = 0; round < 2; ++round) {
      BOOST_TEST(store->has(id));
      BOOST_TEST(*store->size(id) == bytes.size());
      BOOST_TEST((*store->read(id, 0, bytes.size()) == bytes));
      reopen();
    }
  }

  BOOST_AUTO_TEST_CASE(parts_are_read_and_end_with_the_bundle) {
    const auto bytes = good_bundle();
    const auto id = uploaded(bytes);
    BOOST_TEST((*store->read(id, 10, 20) == bytes.substr(10, 20)));
    BOOST_TEST((*store->read(id, bytes.size() - 5, 100)
                == bytes.substr(bytes.size() - 5)));
    BOOST_TEST(store->read(id, bytes.size(), 100)->empty());
    BOOST_TEST(store->read(id, ~uint64_t{0}, 100)->empty());
    BOOST_TEST(store->read(id, 0, 0)->empty());
    BOOST_TEST((*store->read(id, 0, ~size_t{0}) == bytes));
  }

  BOOST_AUTO_TEST_CASE(an_unknown_bundle_is_not_found) {
    const digest id{};
    BOOST_TEST(!store->has(id));
    for (const auto& failure :
         {store->size(id).error(), store->read(id, 0, 1).error(),
          store->unpack(id).error(), store->remove(id).error()})
      BOOST_TEST((failure.code == errc::not_found), failure.to_string());
    BOOST_TEST(nothing_in("unpacking"));
  }

  BOOST_AUTO_TEST_CASE(unpacks_to_a_read_only_folder) {
    const auto id = uploaded(good_bundle());
    const auto at = store->unpack(id);
    BOOST_REQUIRE_MESSAGE(at, (at ? "" : at.error().to_string()));
    BOOST_TEST(read_file(*at / "lib/f.so") == "content");
    BOOST_TEST(read_file(*at / "link") == "content");
    const auto mode = [&](const char* name) {
      return static_cast<unsigned>(fs::status(*at / name).permissions());
    };
    BOOST_TEST(mode("lib/f.so") == 0444u);
    BOOST_TEST(mode("run") == 0555u);
    BOOST_TEST(mode("lib") == 0555u);
    BOOST_TEST(mode("") == 0555u);
    BOOST_TEST(nothing_in("unpacking"));
    reopen();
    BOOST_TEST(*store->unpack(id) == *at);
  }

  BOOST_AUTO_TEST_CASE(everything_is_private_to_the_user) {
    const auto id = uploaded(good_bundle());
    const auto mode = [](const fs::path& path) {
      return static_cast<unsigned>(fs::status(path).permissions());
    };
    BOOST_TEST(mode(options.root) == 0700u);
    BOOST_TEST(mode(packed_file(id)) == 0600u);
  }

  BOOST_AUTO_TEST_CASE(what_faas_cli_packs_can_be_unpacked) {
    write_file(folder / "src/model.pt", std::string(300'000, 'm'));
    write_file(folder / "src/deep/er/labels.txt", "a\nb\n");
    const auto made = pack_folder(folder / "src", folder / "out.tar.zst");
    BOOST_REQUIRE(made);
    const auto id = uploaded(read_file(made->file));
    BOOST_TEST((id == made->id));
    const auto at = store->unpack(id);
    BOOST_REQUIRE(at);
    BOOST_TEST(read_file(*at / "deep/er/labels.txt") == "a\nb\n");
    BOOST_TEST(fs::file_size(*at / "model.pt") == 300'000);
  }

  BOOST_AUTO_TEST_CASE(archives_of_other_packers_keep_their_names) {
    // As bsdtar and Python write it, whatever the locale of this process.
    const auto id = uploaded(
      zstd_packed(tar_builder{}
                    .add({"pax", "14 path=h\xc3\xa9/x\n", 'x'})
                    .file("for readers without pax", "1")
                    .add({"././@LongLink", std::string(120, 'n') + '\0', 'L'})
                    .file("for readers without GNU names", "2")
                    .add({"pax", "18 linkpath=h\xc3\xa9/x\n", 'x'})
                    .link("link", "cut")
                    .tar()));
    const auto at = store->unpack(id);
    BOOST_REQUIRE_MESSAGE(at, (at ? "" : at.error().to_string()));
    BOOST_TEST(read_file(*at / "h\xc3\xa9/x") == "1");
    BOOST_TEST(read_file(*at / std::string(120, 'n')) == "2");
    BOOST_TEST(read_file(*at / "link") == "1");
  }

  BOOST_AUTO_TEST_CASE(other_bytes_than_announced_are_refused) {
    const auto bytes = good_bundle();
    const auto id = digest_of(bytes);
    for (const auto& wrong :
         {bytes + "x", bytes.substr(1), std::string{}, good_bundle("other")}) {
      const auto refused = upload_as(id, wrong);
      BOOST_REQUIRE(!refused);
      BOOST_TEST((refused.error().code == errc::digest_mismatch));
      BOOST_TEST(!refused.error().next_step.empty());
      BOOST_TEST(!store->has(id));
      BOOST_TEST(nothing_in("incoming"));
    }
  }

  BOOST_AUTO_TEST_CASE(an_upload_that_is_dropped_vanishes) {
    const auto bytes = good_bundle();
    const auto id = digest_of(bytes);
    {
      auto upload = store->begin(id);
      BOOST_REQUIRE(upload);
      BOOST_REQUIRE((*upload)->write(bytes));
      BOOST_TEST(!store->has(id));
      BOOST_TEST(!nothing_in("incoming"));
    }
    BOOST_TEST(!store->has(id));
    BOOST_TEST(nothing_in("incoming"));
  }

  BOOST_AUTO_TEST_CASE(an_upload_over_the_limit_ends_at_the_limit) {
    options.packed_bytes = 5000;
    reopen();
    const auto upload = store->begin(digest{});
    BOOST_REQUIRE(upload);
    BOOST_TEST(!!(*upload)->write(std::string(5000, 'x')));
    for (int i = 0; i < 2; ++i) {
      const auto refused = (*upload)->write("y");
      BOOST_REQUIRE(!refused);
      BOOST_TEST((refused.error().code == errc::too_large));
    }
    const auto refused = (*upload)->commit();
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::too_large));
  }

  BOOST_AUTO_TEST_CASE(the_same_bundle_may_come_twice_at_once) {
    const auto bytes = good_bundle();
    const auto id = digest_of(bytes);
    auto first = store->begin(id), second = store->begin(id);
    BOOST_REQUIRE((first && second));
    BOOST_TEST(!!(*first)->write(bytes));
    BOOST_TEST(!!(*second)->write(bytes));
    BOOST_TEST(!!(*first)->commit());
    BOOST_TEST(!!(*second)->commit());
    BOOST_TEST(!!(*second)->commit());
    BOOST_TEST(!(*second)->write("more"));
    BOOST_TEST((*store->read(id, 0, bytes.size()) == bytes));
    BOOST_TEST(nothing_in("incoming"));
  }

  BOOST_AUTO_TEST_CASE(threads_may_upload_and_unpack_the_same_bundle) {
    const auto bytes = good_bundle(std::string(200'000, 'c'));
    const auto id = digest_of(bytes);
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int round = 0; round < 5; ++round)
          if (upload_as(id, bytes)) {
            const auto at = store->unpack(id);
            good += at && fs::file_size(*at / "lib/f.so") == 200'000;
          }
      });
    for (auto& thread : threads)
      thread.join();
    BOOST_TEST(good == 20);
    BOOST_TEST(nothing_in("incoming"));
    BOOST_TEST(nothing_in("unpacking"));
  }

  BOOST_AUTO_TEST_CASE(removing_takes_both_forms) {
    const auto id = uploaded(good_bundle());
    const auto at = *store->unpack(id);
    BOOST_TEST(!!store->remove(id));
    BOOST_TEST(!store->has(id));
    BOOST_TEST(!fs::exists(at));
    BOOST_TEST(nothing_in("unpacking"));
    BOOST_TEST(!store->unpack(id));
    uploaded(good_bundle());
    BOOST_TEST(!!store->unpack(id));
  }

  BOOST_AUTO_TEST_CASE(bytes_that_changed_on_the_disk_are_set_aside) {
    const auto bytes = good_bundle();
    // Damage that breaks the archive, and damage that does not.
    for (const auto& damaged : {bytes.substr(0, bytes.size() / 2),
                                good_bundle("other"), std::string{"zzz"}}) {
      const auto id = uploaded(bytes);
      write_file(packed_file(id), damaged);
      const auto at = store->unpack(id);
      BOOST_REQUIRE(!at);
      BOOST_TEST((at.error().code == errc::digest_mismatch));
      BOOST_TEST(!store->has(id));
      BOOST_TEST(nothing_in("unpacking"));
      BOOST_TEST(nothing_in("unpacked"));
      BOOST_TEST((read_file(options.root / "damaged" / (id.hex() + ".tar.zst"))
                  == damaged));
    }
    const auto id = uploaded(bytes);
    BOOST_TEST(!!store->unpack(id));
  }

  BOOST_AUTO_TEST_CASE(leftovers_of_a_killed_process_are_removed_at_start) {
    const auto id = uploaded(good_bundle());
    store.reset();
    const auto other = digest_of("other").hex();
    write_file(options.root / "incoming" / (other + "-1"), "half a bundle");
    write_file(options.root / "unpacking" / (other + "-2/lib/f.so"), "half");
    fs::permissions(options.root / "unpacking" / (other + "-2/lib"),
                    fs::perms{0555});
    reopen();
    BOOST_TEST(nothing_in("incoming"));
    BOOST_TEST(nothing_in("unpacking"));
    BOOST_TEST(store->has(id));
  }

  BOOST_AUTO_TEST_CASE(a_second_store_of_one_folder_is_refused) {
    const auto second = folder_bundle_store::open(options);
    BOOST_REQUIRE(!second);
    BOOST_TEST((second.error().code == errc::conflict));
    BOOST_TEST(second.error().message.find(options.root.string())
               != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(paths_out_of_the_bundle_are_refused) {
    for (const auto path : {"../evil", "/evil", "a/../../evil", "..", "a/.."})
      refuses(tar_builder{}.file("ok", "x").file(path, "evil"), path);
    BOOST_TEST(!fs::exists(options.root / "evil"));
    BOOST_TEST(!fs::exists("/evil"));
  }

  BOOST_AUTO_TEST_CASE(links_out_of_the_bundle_are_refused) {
    for (const auto target : {"/etc/passwd", "../x", "..", "a/../../x"})
      refuses(tar_builder{}.link("out", target), "out");
    // Each step is inside by its text, but together they lead out.
    refuses(tar_builder{}.folder("a").link("a/up", "..").link("out", "a/up/.."),
            "out");
  }

  BOOST_AUTO_TEST_CASE(nothing_is_written_through_a_link) {
    refuses(tar_builder{}.link("d", "lib").file("d/f", "x"), "d/f");
    refuses(tar_builder{}.link("f", "g").file("f", "x"), "f");
  }

  BOOST_AUTO_TEST_CASE(hard_links_devices_and_pipes_are_refused) {
    refuses(tar_builder{}.file("a", "x").add({"hard", "", '1', "a"}), "hard");
    refuses(tar_builder{}.add({"hard", "", '1', "/etc/passwd"}), "hard");
    refuses(tar_builder{}
              .add({"pax", "18 linkpath=h\xc3\xa9/x\n", 'x'})
              .add({"foreign", "", '1', "a"}),
            "foreign");
    refuses(tar_builder{}.add({"char", "", '3'}), "char");
    refuses(tar_builder{}.add({"block", "", '4'}), "block");
    refuses(tar_builder{}.add({"pipe", "", '6'}), "pipe");
  }

  BOOST_AUTO_TEST_CASE(set_user_id_files_are_refused) {
    refuses(tar_builder{}.add({"suid", "x", '0', "", 04755}), "suid");
    refuses(tar_builder{}.add({"sgid", "x", '0', "", 02755}), "sgid");
  }

  BOOST_AUTO_TEST_CASE(names_given_twice_are_refused) {
    refuses(tar_builder{}.file("a", "1").file("./a", "2"), "a");
  }

  BOOST_AUTO_TEST_CASE(names_with_control_characters_cannot_fool_the_log) {
    const auto refused
      = refusal(zstd_packed(tar_builder{}.file("../\x1b[2J\nfake", "x").tar()));
    BOOST_TEST(refused.message.find('\x1b') == std::string::npos);
    BOOST_TEST(refused.message.find('\n') == std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(an_archive_bomb_ends_at_the_limit) {
    options.unpacked.bytes = 1'000'000;
    reopen();
    // 64 MB of zeros in a few kB, honestly announced ...
    const std::string zeros(64'000'000, '\0');
    const auto bomb = zstd_packed(tar_builder{}.file("zeros", zeros).tar());
    BOOST_TEST(bomb.size() < 20'000);
    auto refused = refusal(bomb);
    BOOST_TEST((refused.code == errc::bad_bundle));
    BOOST_TEST(refused.message.find("'zeros'") != std::string::npos);
    // ... and in many files that are each within the limit.
    tar_builder many;
    for (int i = 0; i < 20; ++i)
      many.file("f" + std::to_string(i), zeros.substr(0, 100'000));
    refused = refusal(zstd_packed(many.tar()));
    BOOST_TEST(refused.message.find("'f10'") != std::string::npos,
               refused.message);
  }

  BOOST_AUTO_TEST_CASE(a_sparse_file_counts_with_its_holes) {
    options.unpacked.bytes = 1'000'000;
    reopen();
    // Old GNU sparse header: 8 GiB, of which nothing is stored.
    auto tar = tar_builder{}.add({"holes", "", 'S'}).tar();
    tar.replace(257, 8, "ustar  \0", 8);
    tar.replace(386, 12, "00000000000\0", 12); // offset of the only part
    tar.replace(398, 12, "00000000000\0", 12); // its size
    tar.replace(483, 12, "77777777777\0", 12); // real size
    fix_tar_checksum(tar);
    const auto refused = refusal(zstd_packed(tar));
    BOOST_TEST((refused.code == errc::bad_bundle));
    BOOST_TEST(refused.message.find("'holes'") != std::string::npos,
               refused.message);
  }

  BOOST_AUTO_TEST_CASE(too_many_files_are_refused) {
    options.unpacked.files = 10;
    reopen();
    tar_builder ten, eleven;
    for (int i = 0; i < 10; ++i)
      ten.file("f" + std::to_string(i), "");
    uploaded(zstd_packed(ten.tar()));
    for (int i = 0; i < 11; ++i)
      eleven.folder("d" + std::to_string(i));
    BOOST_TEST((refusal(zstd_packed(eleven.tar())).code == errc::bad_bundle));
  }

  BOOST_AUTO_TEST_CASE(what_is_no_bundle_is_refused) {
    const auto tar = tar_builder{}.file("a", "x").tar();
    for (const auto& bytes :
         {std::string{}, std::string{"hello"}, std::string(5000, '\0'), tar,
          zstd_packed("no tar archive at all"), zstd_packed(""),
          zstd_packed(std::string(10'240, '\0')), zstd_packed(zstd_packed(tar)),
          zstd_packed(tar).substr(0, 40),
          zstd_packed(tar_builder{}.folder("./").tar())}) {
      const auto refused = refusal(bytes);
      BOOST_TEST((refused.code == errc::bad_bundle), refused.to_string());
      BOOST_TEST(!refused.next_step.empty());
    }
  }

  BOOST_AUTO_TEST_CASE(an_entry_longer_than_the_archive_is_refused) {
    refuses(tar_builder{}.add({"cut", "short", '0', "", 0644, 100'000}), "cut");
  }

  BOOST_AUTO_TEST_CASE(a_reserve_refuses_uploads_and_unpacking) {
    const auto id = uploaded(good_bundle());
    options.reserve_bytes = uint64_t{1} << 60;
    reopen();
    const auto upload = store->begin(id);
    BOOST_REQUIRE(!upload);
    BOOST_TEST((upload.error().code == errc::storage_full));
    const auto at = store->unpack(id);
    BOOST_REQUIRE(!at);
    BOOST_TEST((at.error().code == errc::storage_full));
    BOOST_TEST(nothing_in("unpacking"));
    BOOST_TEST(nothing_in("incoming"));
    BOOST_TEST(store->has(id));
  }

  BOOST_AUTO_TEST_CASE(a_file_size_limit_while_uploading_is_storage_full) {
    std::string noise(50'000, '\0');
    uint32_t x = 1;
    for (auto& c : noise)
      c = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
    const auto bytes = good_bundle(noise);
    {
      const file_size_limit limit{10'000};
      BOOST_TEST((refusal(bytes).code == errc::storage_full));
    }
    const auto id = uploaded(bytes);
    {
      const file_size_limit limit{10'000};
      const auto at = store->unpack(id);
      BOOST_REQUIRE(!at);
      BOOST_TEST((at.error().code == errc::storage_full));
    }
    BOOST_TEST(nothing_in("unpacked"));
    BOOST_TEST(nothing_in("unpacking"));
    BOOST_TEST(!!store->unpack(id));
  }

  BOOST_AUTO_TEST_CASE(a_full_disk_leaves_nothing_half_done) {
    const small_disk disk{1'000'000};
    if (!disk) {
      BOOST_TEST_MESSAGE("skipped: this process may not mount");
      return;
    }
    options.root = disk.path() / "bundles";
    reopen();
    // Packed it fits, unpacked it does not.
    const auto wide = good_bundle(std::string(3'000'000, 'w'));
    const auto id = uploaded(wide);
    const auto at = store->unpack(id);
    BOOST_REQUIRE(!at);
    BOOST_TEST((at.error().code == errc::storage_full), at.error().to_string());
    BOOST_TEST(nothing_in("unpacked"));
    BOOST_TEST(nothing_in("unpacking"));
    BOOST_TEST(store->has(id));
    const auto upload = store->begin(digest{});
    BOOST_REQUIRE(upload);
    result<void> full;
    for (int i = 0; i < 50 && full; ++i)
      full = (*upload)->write(std::string(100'000, 'x'));
    BOOST_REQUIRE(!full);
    BOOST_TEST((full.error().code == errc::storage_full));
  }

  BOOST_AUTO_TEST_SUITE_END()
