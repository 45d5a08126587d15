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

} // namespace

BOOST_AUTO_TEST_SUITE(redis_address_test)

  BOOST_AUTO_TEST_CASE(every_form_is_read) {
    BOOST_TEST((parsed("redis://h") == address{"h", 6379, "", "", "", 0}));
    BOOST_TEST(
      (parsed("redis://h:1/2") == address{"h", 1, "", "", "", 2}));
    BOOST_TEST((parsed("redis://u:p@h:65535/")
                == address{"h", 65535, "", "u", "p", 0}));
    BOOST_TEST((parsed("redis://:p@h") == address{"h", 6379, "", "", "p", 0}));
    BOOST_TEST(
      (parsed("redis://u@h") == address{"h", 6379, "", "u", "", 0}));
    BOOST_TEST(
      (parsed("redis://[::1]:7/3") == address{"::1", 7, "", "", "", 3}));
    BOOST_TEST((parsed("redis://[::1]") == address{"::1", 6379, "", "", "", 0}));
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
          "unix:///r?db=", "unix:///r?db=-1", "rediss://:secret@h"}) {
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
