#include "gateway/auth/admin_token.hpp"
#include "gateway/auth/credentials.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

using namespace faas;
using namespace faas::auth;
namespace fs = std::filesystem;

namespace {

struct folder {
  fs::path path;
  folder() {
    std::string name = fs::temp_directory_path() / "petrel-token-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~folder() { fs::remove_all(path); }
  fs::path token() const { return path / "admin-token"; }
  void write(const std::string& text, mode_t mode = 0600) const {
    std::ofstream{token()} << text;
    ::chmod(token().c_str(), mode);
  }
  std::string read() const {
    std::ifstream in{token()};
    std::string text;
    std::getline(in, text);
    return text;
  }
};

errc code_of(const folder& in) {
  const auto loaded = admin_token::load_or_create(in.token());
  return loaded ? errc::ok : loaded.error().code;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(credentials_test, folder)

  BOOST_AUTO_TEST_CASE(the_first_start_writes_a_private_token) {
    const auto made = admin_token::load_or_create(token());
    BOOST_REQUIRE(made);
    BOOST_TEST(made->created());
    struct stat facts {};
    BOOST_REQUIRE(::stat(token().c_str(), &facts) == 0);
    BOOST_TEST((facts.st_mode & 0777) == 0600u);
    const auto text = read();
    BOOST_TEST(text.size() == 64u);
    BOOST_TEST(made->matches(text));
    // No draft stays behind.
    BOOST_TEST(std::distance(fs::directory_iterator{path}, {}) == 1);
    const auto again = admin_token::load_or_create(token());
    BOOST_REQUIRE(again);
    BOOST_TEST(!again->created());
    BOOST_TEST(again->matches(text));
  }

  BOOST_AUTO_TEST_CASE(only_the_whole_token_matches) {
    write(std::string(64, 'a') + "\n");
    const auto loaded = admin_token::load_or_create(token());
    BOOST_REQUIRE(loaded);
    BOOST_TEST(loaded->matches(std::string(64, 'a')));
    BOOST_TEST(!loaded->matches(std::string(63, 'a')));
    BOOST_TEST(!loaded->matches(std::string(65, 'a')));
    BOOST_TEST(!loaded->matches(std::string(63, 'a') + "b"));
    BOOST_TEST(!loaded->matches(""));
  }

  BOOST_AUTO_TEST_CASE(a_token_that_others_can_read_is_refused) {
    for (const mode_t mode : {0640, 0604, 0660, 0666}) {
      write(std::string(64, 'a'), mode);
      BOOST_TEST((code_of(*this) == errc::forbidden), mode);
    }
    const auto refused = admin_token::load_or_create(token());
    BOOST_TEST(refused.error().next_step.find("chmod 600")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(a_link_or_a_folder_is_no_token) {
    fs::create_directory(token());
    BOOST_TEST((code_of(*this) == errc::forbidden));
    fs::remove(token());
    std::ofstream{path / "elsewhere"} << std::string(64, 'a');
    fs::create_symlink(path / "elsewhere", token());
    BOOST_TEST((code_of(*this) == errc::unavailable));
  }

  BOOST_AUTO_TEST_CASE(rubbish_is_no_token) {
    for (const auto& text : {std::string{}, std::string(63, 'a'),
                             std::string(65, 'a'), std::string(64, 'G')}) {
      write(text);
      BOOST_TEST((code_of(*this) == errc::invalid_argument), text);
    }
  }

  BOOST_AUTO_TEST_CASE(a_folder_that_is_not_there_is_told) {
    const auto none = admin_token::load_or_create(path / "no" / "token");
    BOOST_REQUIRE(!none);
    BOOST_TEST(!none.error().next_step.empty());
  }

  BOOST_AUTO_TEST_CASE(the_token_is_found_in_bearer_and_basic) {
    const auto token_in = [](const char* value) {
      return presented_token({{"authorization", value}});
    };
    BOOST_TEST(token_in("Bearer abc") == "abc");
    BOOST_TEST(token_in("bearer  abc") == "abc");
    BOOST_TEST(token_in("Basic YWRtaW46YWJj") == "abc"); // admin:abc
    for (const auto none :
         {"Bearer", "Bearer ", "Basic", "Basic !!!!",
          "Basic cm9vdDphYmM=", "Digest abc", "", "Basic YWRtaW4="})
      BOOST_TEST(token_in(none) == "", none);
    BOOST_TEST(presented_token({}) == "");
  }

  BOOST_AUTO_TEST_CASE(base64_is_read_strictly) {
    BOOST_TEST(decode_base64("").value() == "");
    BOOST_TEST(decode_base64("Zg==").value() == "f");
    BOOST_TEST(decode_base64("Zm8=").value() == "fo");
    BOOST_TEST(decode_base64("Zm9v").value() == "foo");
    for (const auto bad : {"Z", "Zg=", "Zm9v!", "====", "Z=g=", "Zm9vZg"})
      BOOST_TEST(!decode_base64(bad), bad);
  }

  BOOST_AUTO_TEST_SUITE_END()
