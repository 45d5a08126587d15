#include "registry/redis/address.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::registry::redis;

namespace {

address parsed(std::string_view url) {
  auto made = parse_address(url);
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().to_string()));
  return *made;
}

address at(const char* host, uint16_t port, const char* user = "",
           const char* password = "", uint32_t database = 0) {
  address made;
  made.host = host;
  made.port = port;
  made.user = user;
  made.password = password;
  made.database = database;
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(redis_address_test)

  BOOST_AUTO_TEST_CASE(every_form_is_read) {
    BOOST_TEST((parsed("redis://h") == at("h", 6379)));
    BOOST_TEST(
      (parsed("redis://h:1/2") == at("h", 1, "", "", 2)));
    BOOST_TEST((parsed("redis://u:p@h:65535/")
                == at("h", 65535, "u", "p", 0)));
    BOOST_TEST((parsed("redis://:p@h") == at("h", 6379, "", "p", 0)));
    BOOST_TEST(
      (parsed("redis://u@h") == at("h", 6379, "u", "", 0)));
    BOOST_TEST(
      (parsed("redis://[::1]:7/3") == at("::1", 7, "", "", 3)));
    BOOST_TEST((parsed("redis://[::1]") == at("::1", 6379, "", "", 0)));
    const auto watched = parsed("sentinel://u:p@a,[::1]:7/m?db=2");
    BOOST_TEST((watched.sentinels
                == std::vector<endpoint>{{"a", 26379}, {"::1", 7}}));
    BOOST_TEST(watched.master == "m");
    BOOST_TEST(watched.password == "p");
    BOOST_TEST(watched.shown() == "a:26379,[::1]:7/m?db=2");
    BOOST_TEST(!watched.tls);
    BOOST_TEST(parsed("sentinel+tls://a/m").tls);
    BOOST_TEST(parsed("sentinel+tls://a/m").master == "m");
    auto safe = at("h", 7, "", "p", 1);
    safe.tls = true;
    BOOST_TEST((parsed("rediss://:p@h:7/1") == safe));
    const auto path = parsed("/run/redis.sock");
    BOOST_TEST(path.socket == "/run/redis.sock");
    const auto unix_url = parsed("unix://u:p%40%2f@/run/r.sock?db=4");
    BOOST_TEST(unix_url.socket == "/run/r.sock");
    BOOST_TEST(unix_url.password == "p@/");
    BOOST_TEST(unix_url.database == 4u);
  }

  BOOST_AUTO_TEST_CASE(wrong_addresses_are_refused_without_the_password) {
    for (const auto* url :
         {"", "h:1", "http://h", "redis://", "redis://:secret@",
          "redis://:secret@h:0", "redis://:secret@h:70000",
          "redis://:secret@h:1x", "redis://:secret@h/one",
          "redis://:secret%zz@h", "redis://[::1", "unix://run/r.sock",
          "unix:///r?db=", "unix:///r?db=-1", "rediss://", "rediss:///run/r.sock",
          "sentinel+tls://:secret@a", "tls://:secret@h",
          "sentinel://a", "sentinel://a/", "sentinel://a,,b/m",
          "sentinel:///m", "sentinel://:secret@a:0/m"}) {
      const auto made = parse_address(url);
      BOOST_TEST_CONTEXT(url) {
        BOOST_REQUIRE(!made);
        BOOST_TEST((made.error().code == errc::invalid_argument));
        BOOST_TEST(!made.error().next_step.empty());
        BOOST_TEST(made.error().to_string().find("secret")
                   == std::string::npos);
      }
    }
    BOOST_TEST(!parse_address("/" + std::string(108, 'x')));
    BOOST_TEST(!parse_address("redis://" + std::string(2000, 'x')));
  }

  BOOST_AUTO_TEST_CASE(a_shown_address_has_no_password) {
    BOOST_TEST(parsed("redis://u:p@h:1/2").shown() == "h:1/2");
    BOOST_TEST(parsed("redis://[::1]").shown() == "[::1]:6379");
    BOOST_TEST(parsed("unix:///r?db=1").shown() == "/r?db=1");
    BOOST_TEST(without_password("redis://u:p@h:1/2") == "redis://u:***@h:1/2");
    BOOST_TEST(without_password("redis://:a@b@h") == "redis://:***@h");
    BOOST_TEST(without_password("redis://u@h:1") == "redis://u@h:1");
    BOOST_TEST(without_password("redis://h:1") == "redis://h:1");
    BOOST_TEST(without_password("/r.sock") == "/r.sock");
  }

  BOOST_AUTO_TEST_SUITE_END()
