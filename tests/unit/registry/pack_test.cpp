#include "registry/bundles/pack.hpp"

#include "registry/bundles/bundle_reader.hpp"
#include "registry/bundles/sha256.hpp"
#include "registry/files/files.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/small_disk.hpp"

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <sys/stat.h>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
namespace fs = std::filesystem;

namespace {

/// Lists a bundle: "path", "path*" (executable), "path -> target".
struct lister final : bundle_visitor {
  std::vector<std::string> names;
  std::string content;
  result<void> link(const std::string& path,
                    const std::string& target) override {
    names.push_back(path + " -> " + target);
    return {};
  }
  result<void> begin_file(const std::string& path, bool executable) override {
    names.push_back(path + (executable ? "*" : ""));
    return {};
  }
  result<void> data(std::string_view bytes) override {
    content += bytes;
    return {};
  }
};

struct fixture {
  scratch_folder folder{memory_folder()}, out{memory_folder()};
  fs::path output = out / "b.tar.zst";

  void add(const std::string& name, std::string_view bytes = "x") {
    write_file(folder / name, bytes);
  }
  packed_bundle pack(const pack_options& options = {}) {
    auto made = pack_folder(folder.path(), output, options);
    BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().to_string()));
    return *made;
  }
  /// Packing must fail so and leave no file.
  error refusal(const pack_options& options = {}) {
    const auto made = pack_folder(folder.path(), output, options);
    BOOST_REQUIRE(!made);
    BOOST_TEST(fs::is_empty(out.path()));
    BOOST_TEST(!made.error().next_step.empty());
    return made.error();
  }
  lister listed() {
    const auto file = open_file(output, O_RDONLY);
    BOOST_REQUIRE(file);
    packed_source source{file->get()};
    lister visitor;
    const auto ok = read_bundle(source, {}, visitor);
    BOOST_REQUIRE_MESSAGE(ok, (ok ? "" : ok.error().to_string()));
    return visitor;
  }
};

using names = std::vector<std::string>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(pack_test, fixture)

  BOOST_AUTO_TEST_CASE(tells_digest_and_sizes_of_what_it_wrote) {
    add("lib/f.so", std::string(10'000, 'x'));
    add("readme", "hello");
    const auto made = pack();
    BOOST_TEST(made.file == output);
    BOOST_TEST(made.files == 2);
    BOOST_TEST(made.unpacked == 10'005);
    BOOST_TEST(made.bytes == fs::file_size(output));
    BOOST_TEST(made.bytes < 2000);
    BOOST_TEST((made.id == *digest_of_file(output)));
    BOOST_TEST((made.id == digest_of(read_file(output))));
  }

  BOOST_AUTO_TEST_CASE(the_digest_is_sha_256) {
    BOOST_TEST(digest_of("abc").hex()
               == "ba7816bf8f01cfea414140de5dae2223"
                  "b00361a396177a9cb410ff61f20015ad"); // FIPS 180-2, B.1
  }

  BOOST_AUTO_TEST_CASE(names_are_sorted_and_modes_are_normal) {
    add("z");
    add("a/run");
    add("a.txt");
    fs::permissions(folder / "a/run", fs::perms{0700});
    fs::permissions(folder / "z", fs::perms{0600});
    fs::create_symlink("a.txt", folder / "link");
    pack();
    BOOST_TEST(
      (listed().names == names{"a.txt", "a/run*", "link -> a.txt", "z"}));
  }

  BOOST_AUTO_TEST_CASE(the_same_content_gives_the_same_digest) {
    add("b", "2");
    add("a", "1");
    add("sub/c", "3");
    const auto first = pack();
    const scratch_folder copy;
    for (const auto name : {"sub/c", "a", "b"})
      write_file(copy / name, read_file(folder / name));
    fs::last_write_time(copy / "a", fs::file_time_type{std::chrono::hours{1}});
    fs::permissions(copy / "b", fs::perms{0666});
    fs::create_directory(copy / "empty");
    const auto second = pack_folder(copy.path(), out / "second");
    BOOST_REQUIRE(second);
    BOOST_TEST((second->id == first.id));
    write_file(copy / "a", "other");
    BOOST_TEST((pack_folder(copy.path(), out / "third")->id != first.id));
  }

  BOOST_AUTO_TEST_CASE(files_that_do_not_belong_are_left_out) {
    for (const auto name :
         {"f.cpp", "f.cpp~", ".git/HEAD", "build/f.o", "keep/f.o", "notes.txt"})
      add(name);
    add(".petrelignore", "# mine\nbuild/\n*.txt\n");
    pack();
    BOOST_TEST((listed().names == names{"f.cpp", "keep/f.o"}));
  }

  BOOST_AUTO_TEST_CASE(a_bad_ignore_file_is_an_error) {
    add("f");
    add(".petrelignore", "!f");
    BOOST_TEST((refusal().code == errc::invalid_argument));
    add(".petrelignore", std::string(100'000, '#'));
    BOOST_TEST((refusal().code == errc::too_large));
  }

  BOOST_AUTO_TEST_CASE(a_list_of_files_is_packed_under_the_given_names) {
    add("x", "1");
    add("y", "2");
    const auto made
      = pack_files({{"model/b", folder / "y"}, {"./a", folder / "x"}}, output);
    BOOST_REQUIRE(made);
    const auto found = listed();
    BOOST_TEST((found.names == names{"a", "model/b"}));
    BOOST_TEST(found.content == "12");
  }

  BOOST_AUTO_TEST_CASE(bad_lists_are_refused) {
    add("x");
    const auto code = [&](std::vector<pack_item> items) {
      const auto made = pack_files(std::move(items), output);
      BOOST_REQUIRE(!made);
      BOOST_TEST(fs::is_empty(out.path()));
      return made.error().code;
    };
    BOOST_TEST((code({}) == errc::bad_bundle));
    BOOST_TEST((code({{"../x", folder / "x"}}) == errc::bad_bundle));
    BOOST_TEST((code({{"/x", folder / "x"}}) == errc::bad_bundle));
    BOOST_TEST((code({{".", folder / "x"}}) == errc::bad_bundle));
    BOOST_TEST(
      (code({{"x", folder / "x"}, {"x", folder / "x"}}) == errc::bad_bundle));
    BOOST_TEST((code({{"x", folder / "absent"}}) == errc::not_found));
    BOOST_TEST((code({{"x", folder.path()}}) == errc::bad_bundle));
  }

  BOOST_AUTO_TEST_CASE(links_out_of_the_folder_are_refused_by_name) {
    add("f");
    for (const auto target : {"/etc/passwd", "../f", "sub/../f"}) {
      fs::remove(folder / "link");
      fs::create_symlink(target, folder / "link");
      const auto refused = refusal();
      BOOST_TEST((refused.code == errc::bad_bundle));
      BOOST_TEST(refused.message.find("'link'") != std::string::npos);
    }
  }

  BOOST_AUTO_TEST_CASE(pipes_are_refused_unless_they_are_left_out) {
    add("f");
    BOOST_REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    BOOST_TEST(refusal().message.find("'pipe'") != std::string::npos);
    add(".petrelignore", "pipe\n");
    pack();
  }

  BOOST_AUTO_TEST_CASE(an_empty_or_absent_folder_is_an_error) {
    BOOST_TEST((refusal().code == errc::bad_bundle));
    const auto absent = pack_folder(folder / "absent", output);
    BOOST_REQUIRE(!absent);
    BOOST_TEST((absent.error().code == errc::not_found));
  }

  BOOST_AUTO_TEST_CASE(limits_of_the_packed_and_the_unpacked_size_hold) {
    std::string noise(200'000, '\0');
    uint32_t x = 1;
    for (auto& c : noise)
      c = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
    add("noise", noise);
    pack_options options;
    options.packed_bytes = 100'000;
    BOOST_TEST((refusal(options).code == errc::too_large));
    options = {};
    options.unpacked.bytes = 100'000;
    BOOST_TEST(refusal(options).message.find("'noise'") != std::string::npos);
    options = {};
    options.unpacked.files = 2;
    add("b");
    add("c");
    BOOST_TEST((refusal(options).code == errc::bad_bundle));
  }

  BOOST_AUTO_TEST_CASE(folders_nested_too_deep_are_refused) {
    std::string path;
    for (int i = 0; i < 40; ++i)
      path += "d/";
    add(path + "f");
    BOOST_TEST((refusal().code == errc::bad_bundle));
  }

  BOOST_AUTO_TEST_CASE(an_output_inside_the_folder_is_not_packed) {
    add("f");
    output = folder / "out.tar.zst";
    const auto first = pack();
    const auto second = pack();
    BOOST_TEST((first.id == second.id));
    BOOST_TEST((listed().names == names{"f"}));
  }

  BOOST_AUTO_TEST_CASE(long_and_foreign_names_survive) {
    const std::string deep
      = std::string(200, 'n') + "/" + std::string(200, 'm');
    add(deep, "1");
    add("h\xc3\xa9/\xe6\x96\x87", "2");
    add("not utf-8 \xff", "3");
    pack();
    BOOST_TEST((listed().names
                == names{"h\xc3\xa9/\xe6\x96\x87", deep, "not utf-8 \xff"}));
  }

  BOOST_AUTO_TEST_CASE(a_full_disk_leaves_no_part_of_a_bundle) {
    add("f", std::string(50'000, 'x'));
    pack_options options;
    {
      const file_size_limit limit{16};
      BOOST_TEST((refusal(options).code == errc::storage_full));
    }
    pack();
  }

  BOOST_AUTO_TEST_SUITE_END()
