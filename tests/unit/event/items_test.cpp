#include "libfaas/event/items.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace faas;

// Archives: tests/fuzz/items.
BOOST_AUTO_TEST_SUITE(items_test)

  BOOST_AUTO_TEST_CASE(a_body_of_no_known_kind_is_one_item) {
    BOOST_TEST(count_items("image/jpeg", "bytes") == 1u);
    BOOST_TEST(count_items("", "bytes") == 1u);
    BOOST_TEST(count_items("", "") == 0u);
    BOOST_TEST(count_items("multipart/mixed; boundary=b", "") == 0u);
  }

  BOOST_AUTO_TEST_CASE(only_whole_delimiter_lines_part) {
    const std::string type = "multipart/mixed; boundary=b";
    BOOST_TEST(count_items(type, "--b\r\n\r\nx\r\n--b--") == 1u);
    BOOST_TEST(count_items(type, "--b \t\r\n\r\nx\r\n--b--") == 1u);
    BOOST_TEST(count_items(type, "--b\r\n\r\nx\r\n--bc\r\ny\r\n--b--") == 1u);
    BOOST_TEST(count_items(type, "--b\r\n\r\nx--b\r\n\r\n--b--") == 1u);
    BOOST_TEST(count_items(type, "--b--") == 0u);
    BOOST_TEST(count_items(type, "--b") == 0u);
    BOOST_TEST(count_items(type, "no delimiter") == 0u);
  }

  BOOST_AUTO_TEST_CASE(many_near_misses_take_no_longer_than_the_body) {
    std::string body = "--b\r\n\r\n";
    for (int i = 0; i < 300'000; ++i)
      body += "\r\n--c";
    BOOST_TEST(count_items("multipart/mixed; boundary=b", body) == 0u);
    body += "\r\n--b--";
    BOOST_TEST(count_items("multipart/mixed; boundary=b", body) == 1u);
  }

  BOOST_AUTO_TEST_SUITE_END()
