#include "registry/sealed/key_file.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <sys/stat.h>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
namespace fs = std::filesystem;

namespace {

struct key_world {
  scratch_folder folder;
  key_file file(const char* name = "key") const {
    return file_of_secret_key(folder / name);
  }
  void write(const char* name, const std::string& text, unsigned mode = 0600) {
    std::ofstream{folder / name} << text;
    ::chmod((folder / name).c_str(), mode);
  }
  errc refused(const result<symmetric_key>& got) const {
    BOOST_REQUIRE(!got);
    BOOST_TEST(!got.error().next_step.empty());
    return got.error().code;
  }
  size_t files() const {
    return static_cast<size_t>(std::distance(
      fs::directory_iterator{folder.path()}, fs::directory_iterator{}));
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(key_file_test, key_world)

  BOOST_AUTO_TEST_CASE(a_key_is_made_once_and_privately) {
    ::umask(0);
    const auto made = file().load_or_make();
    ::umask(022);
    BOOST_REQUIRE(made);
    struct stat facts {};
    BOOST_REQUIRE(::stat((folder / "key").c_str(), &facts) == 0);
    BOOST_TEST((facts.st_mode & 0777) == 0600u);
    BOOST_TEST(facts.st_size == 65);
    BOOST_TEST(file().load_or_make()->id() == made->id());
    const auto again = file().make();
    BOOST_REQUIRE(!again);
    BOOST_TEST((again.error().code == errc::conflict));
    BOOST_TEST(std::ranges::equal(file().load()->bytes(), made->bytes()));
    BOOST_TEST(file("other").make()->id() != made->id());
    BOOST_TEST(files() == 2u); // no draft is left
  }

  BOOST_AUTO_TEST_CASE(a_file_that_is_no_use_says_why) {
    BOOST_TEST((refused(file().load()) == errc::not_found));
    const std::string good(64, 'a');
    for (const auto& text :
         {std::string{}, std::string{"xyz"}, good.substr(1), good + "a",
          good + "\n\n", std::string(63, 'a') + "g"}) {
      write("key", text);
      BOOST_TEST((refused(file().load()) == errc::invalid_argument));
      BOOST_TEST((refused(file().load_or_make()) == errc::invalid_argument));
    }
    for (const auto mode : {0640u, 0604u, 0620u}) {
      write("key", good, mode);
      BOOST_TEST((refused(file().load()) == errc::forbidden));
    }
    ::chmod((folder / "key").c_str(), 0600);
    BOOST_TEST(file().load()->bytes()[31] == 0xaa);
    write("upper", std::string(64, 'A') + "\n");
    BOOST_TEST(file("upper").load()->id() == file().load()->id());
    fs::create_symlink(folder / "key", folder / "link");
    BOOST_TEST(!file("link").load());
  }

  BOOST_AUTO_TEST_CASE(a_key_that_is_there_is_not_replaced) {
    const auto first = *file().make();
    const auto second = *file("other").make();
    BOOST_REQUIRE(file().keep(second.bytes()));
    BOOST_TEST(file().load()->id() == first.id());
    BOOST_REQUIRE(file("third").keep(second.bytes()));
    BOOST_TEST(file("third").load()->id() == second.id());
    BOOST_TEST(!file("fourth").keep(second.bytes().first(31)));
    BOOST_TEST(files() == 3u);
  }

  BOOST_AUTO_TEST_CASE(each_kind_of_key_has_its_own_advice) {
    const auto secret = file_of_secret_key(folder / "k").load().error();
    const auto cluster = file_of_cluster_key(folder / "k").load().error();
    BOOST_TEST(secret.message.find("key of secrets") != std::string::npos);
    BOOST_TEST(secret.next_step.find("openssl rand") != std::string::npos);
    BOOST_TEST(cluster.message.find("cluster key") != std::string::npos);
    BOOST_TEST(cluster.next_step.find("another controller")
               != std::string::npos);
  }

BOOST_AUTO_TEST_SUITE_END()
