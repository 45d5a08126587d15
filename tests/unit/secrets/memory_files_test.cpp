#include "registry/secrets/memory_files.hpp"

#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

using namespace faas;
using namespace faas::registry;
using faas::testing::memory_folder;
using faas::testing::scratch_folder;
namespace fs = std::filesystem;

namespace {

const version_ref f1{function_name{"f"}, 1};
const version_ref f2{function_name{"f"}, 2};
const secret_name db{"db"};

struct world {
  std::unique_ptr<memory_files> open(const std::string& owner = "node") {
    auto opened = memory_files::open({folder.path(), owner});
    BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().to_string()));
    return std::move(*opened);
  }
  static unsigned mode_of(const fs::path& path) {
    struct stat facts {};
    BOOST_REQUIRE(::stat(path.c_str(), &facts) == 0);
    return facts.st_mode & 0777;
  }
  static std::string content(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  scratch_folder folder{memory_folder()};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(memory_files_test, world)

  BOOST_AUTO_TEST_CASE(files_are_private_and_read_only) {
    const auto files = open();
    BOOST_REQUIRE(files->write(f1, db, "value"));
    const auto file = files->folder_of(f1) / "db";
    BOOST_TEST(content(file) == "value");
    BOOST_TEST(mode_of(file) == 0444u); // for workers, by their mounts
    BOOST_TEST(mode_of(file.parent_path()) == 0755u);
    BOOST_TEST(mode_of(files->root()) == 0700u); // nobody else gets in
    BOOST_TEST((files->read(f1, db)->view() == "value"));
    BOOST_TEST(!files->read(f2, db));
  }

  BOOST_AUTO_TEST_CASE(a_file_is_replaced_in_one_step) {
    const auto files = open();
    BOOST_REQUIRE(files->write(f1, db, "one"));
    const auto file = files->folder_of(f1) / "db";
    std::ifstream reader{file};
    BOOST_REQUIRE(files->write(f1, db, std::string("t\0wo", 4)));
    // Who had it open reads the old value to its end.
    BOOST_TEST((std::string{std::istreambuf_iterator<char>{reader}, {}})
               == "one");
    BOOST_TEST((content(file) == std::string("t\0wo", 4)));
    size_t entries = 0;
    for (const auto& entry : fs::directory_iterator{file.parent_path()})
      entries += entry.exists() ? 1 : 0;
    BOOST_TEST(entries == 1u);
  }

  BOOST_AUTO_TEST_CASE(versions_have_folders_of_their_own) {
    const auto files = open();
    BOOST_REQUIRE(files->write(f1, db, "one"));
    BOOST_REQUIRE(files->write(f2, db, "two"));
    files->remove(f1);
    BOOST_TEST(!fs::exists(files->folder_of(f1)));
    BOOST_TEST(content(files->folder_of(f2) / "db") == "two");
  }

  BOOST_AUTO_TEST_CASE(nothing_is_left_at_the_end_nor_of_a_killed_run) {
    fs::path root;
    {
      const auto files = open();
      root = files->root();
      BOOST_REQUIRE(files->write(f1, db, "value"));
    }
    BOOST_TEST(!fs::exists(root));
    fs::create_directory(root);
    fs::permissions(root, fs::perms::owner_all);
    fs::create_directory(root / "f.1");
    std::ofstream{root / "f.1" / "db"} << "left behind";
    const auto files = open();
    BOOST_TEST(files->root() == root);
    BOOST_TEST(!fs::exists(root / "f.1"));
  }

  BOOST_AUTO_TEST_CASE(two_nodes_do_not_share_a_folder) {
    const auto one = open("node-1");
    const auto two = open("node-2");
    BOOST_TEST(!fs::exists(one->root())); // no secret, no folder
    BOOST_REQUIRE(one->write(f1, db, "value"));
    BOOST_TEST(one->root() != two->root());
    const auto third = memory_files::open({folder.path(), "node-1"});
    BOOST_REQUIRE(!third);
    BOOST_TEST((third.error().code == errc::conflict));
  }

  BOOST_AUTO_TEST_CASE(a_disk_is_refused) {
    // /proc is no tmpfs and exists everywhere.
    const auto opened = memory_files::open({"/proc", "node"});
    BOOST_REQUIRE(!opened);
    BOOST_TEST((opened.error().code == errc::forbidden));
    BOOST_TEST(opened.error().message.find("not in memory")
               != std::string::npos);
    BOOST_TEST(!memory_files::open({folder / "absent", "node"}));
  }

  BOOST_AUTO_TEST_CASE(a_folder_that_others_made_is_refused) {
    const auto root = open()->root();
    fs::create_directory(root);
    fs::permissions(root, fs::perms::all);
    auto opened = memory_files::open({folder.path(), "node"});
    BOOST_REQUIRE(!opened);
    BOOST_TEST((opened.error().code == errc::forbidden));
    fs::remove(root);
    fs::create_directory(folder / "elsewhere");
    fs::create_directory_symlink(folder / "elsewhere", root);
    BOOST_TEST(!memory_files::open({folder.path(), "node"}));
  }

  BOOST_AUTO_TEST_CASE(a_name_cannot_leave_the_folder) {
    const auto files = open();
    BOOST_TEST(!files->write(f1, secret_name{"../x"}, "v"));
    BOOST_TEST(!files->write({function_name{"../f"}, 1}, db, "v"));
    BOOST_TEST(!fs::exists(folder / "x"));
  }

BOOST_AUTO_TEST_SUITE_END()
