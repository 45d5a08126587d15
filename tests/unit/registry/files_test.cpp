#include "registry/files/files.hpp"

#include "tests/support/scratch_folder.hpp"
#include "tests/support/small_disk.hpp"

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(files_test)

  BOOST_AUTO_TEST_CASE(no_room_has_its_own_code_whatever_the_reason) {
    for (const int code : {ENOSPC, EDQUOT, EFBIG})
      BOOST_TEST((os_error(code, "x").code == errc::storage_full));
    for (const int code : {EIO, EACCES, EROFS, ENOENT}) {
      const auto failure = os_error(code, "cannot write x");
      BOOST_TEST((failure.code == errc::internal));
      BOOST_TEST(failure.message.starts_with("cannot write x: "));
      BOOST_TEST(!failure.next_step.empty());
    }
  }

  BOOST_AUTO_TEST_CASE(private_folders_are_made_with_their_parents) {
    const scratch_folder folder;
    const auto before = ::umask(0);
    BOOST_TEST(!!make_private_folder(folder / "a/b/c"));
    ::umask(before);
    for (const auto name : {"a", "a/b", "a/b/c"})
      BOOST_TEST((fs::status(folder / name).permissions() == fs::perms{0700}));
    BOOST_TEST(!!make_private_folder(folder / "a/b/c"));
  }

  BOOST_AUTO_TEST_CASE(a_file_in_the_way_of_a_folder_is_named) {
    const scratch_folder folder;
    write_file(folder / "a", "x");
    for (const auto name : {"a", "a/b"}) {
      const auto made = make_private_folder(folder / name);
      BOOST_REQUIRE(!made);
      BOOST_TEST(made.error().message.find((folder / "a").string())
                 != std::string::npos);
    }
  }

  BOOST_AUTO_TEST_CASE(an_absent_file_is_not_found) {
    const scratch_folder folder;
    const auto file = open_file(folder / "absent", O_RDONLY);
    BOOST_REQUIRE(!file);
    BOOST_TEST((file.error().code == errc::not_found));
  }

  BOOST_AUTO_TEST_CASE(read_only_trees_and_links_can_be_removed) {
    const scratch_folder folder, other;
    write_file(other / "keep", "x");
    write_file(folder / "t/a/b/file", "x");
    fs::create_directory_symlink(other.path(), folder / "t/a/link");
    fs::create_symlink("absent", folder / "t/dangling");
    for (const auto name : {"t/a/b", "t/a", "t"})
      fs::permissions(folder / name, fs::perms{0555});
    BOOST_TEST(remove_tree(folder / "t"));
    BOOST_TEST(!fs::exists(folder / "t"));
    BOOST_TEST(fs::exists(other / "keep"));
    BOOST_TEST(remove_tree(folder / "never was"));
  }

  BOOST_AUTO_TEST_CASE(the_reserve_counts_against_the_free_space) {
    const scratch_folder folder;
    BOOST_TEST(!!check_free_space(folder.path(), 0, 0));
    const auto refused = check_free_space(folder.path(), 0, uint64_t{1} << 62);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::storage_full));
    BOOST_TEST(!check_free_space(folder.path(), uint64_t{1} << 62, 0));
    BOOST_TEST(!check_free_space(folder / "absent", 0, 0));
  }

  BOOST_AUTO_TEST_CASE(a_lock_has_one_owner_at_a_time) {
    const scratch_folder folder;
    {
      const auto first = file_lock::take(folder / "lock", "the thing");
      BOOST_REQUIRE(first);
      const auto second = file_lock::take(folder / "lock", "the thing");
      BOOST_REQUIRE(!second);
      BOOST_TEST((second.error().code == errc::conflict));
      BOOST_TEST(second.error().message.find("the thing") != std::string::npos);
      BOOST_TEST(second.error().message.find(std::to_string(::getpid()))
                 != std::string::npos);
    }
    BOOST_TEST(!!file_lock::take(folder / "lock", "the thing"));
  }

  BOOST_AUTO_TEST_CASE(a_lock_ends_with_a_process_that_is_killed) {
    const scratch_folder folder;
    int ready[2];
    BOOST_REQUIRE(::pipe(ready) == 0);
    const auto child = ::fork();
    if (child == 0) {
      const auto lock = file_lock::take(folder / "lock", "the thing");
      const char said = lock ? 'y' : 'n';
      if (::write(ready[1], &said, 1) == 1)
        for (;;)
          ::pause();
      ::_exit(1);
    }
    char said = 0;
    BOOST_REQUIRE(::read(ready[0], &said, 1) == 1);
    BOOST_TEST(said == 'y');
    BOOST_TEST(!file_lock::take(folder / "lock", "the thing"));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    BOOST_TEST(!!file_lock::take(folder / "lock", "the thing"));
    ::close(ready[0]);
    ::close(ready[1]);
  }

  BOOST_AUTO_TEST_CASE(a_write_that_finds_no_room_is_storage_full) {
    const scratch_folder folder;
    const auto file = open_file(folder / "f", O_WRONLY | O_CREAT);
    BOOST_REQUIRE(file);
    const file_size_limit limit{1000};
    BOOST_TEST(!!write_all(file->get(), std::string(900, 'x'), "f"));
    const auto full = write_all(file->get(), std::string(900, 'x'), "f");
    BOOST_REQUIRE(!full);
    BOOST_TEST((full.error().code == errc::storage_full));
  }

  BOOST_AUTO_TEST_SUITE_END()
