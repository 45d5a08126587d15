#include "libfaas/event/invocation.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;

BOOST_AUTO_TEST_SUITE(invocation_test)

  BOOST_AUTO_TEST_CASE(finds_a_header_whatever_its_case) {
    const header_list headers{{"Content-Type", "text/plain"}, {"x-N", "3"}};
    for (const auto name : {"content-type", "CONTENT-TYPE", "Content-Type"}) {
      const auto* value = find_header(headers, name);
      BOOST_REQUIRE(value);
      BOOST_TEST(*value == "text/plain");
    }
    BOOST_REQUIRE(find_header(headers, "X-n"));
    BOOST_TEST(*find_header(headers, "X-n") == "3");
  }

  BOOST_AUTO_TEST_CASE(gives_the_first_of_several_headers) {
    const header_list headers{{"a", "1"}, {"A", "2"}};
    BOOST_TEST(*find_header(headers, "A") == "1");
  }

  BOOST_AUTO_TEST_CASE(a_longer_or_shorter_name_is_another_header) {
    const header_list headers{{"accept-encoding", "gzip"}};
    BOOST_TEST(!find_header(headers, "accept"));
    BOOST_TEST(!find_header(headers, "accept-encoding-x"));
    BOOST_TEST(!find_header(headers, ""));
    BOOST_TEST(!find_header({}, "accept"));
  }

  BOOST_AUTO_TEST_CASE(only_letters_have_two_cases) {
    // '[' and '{', '@' and '`' differ by 32 as letters do.
    BOOST_TEST(!find_header({{"x[", "1"}}, "x{"));
    BOOST_TEST(!find_header({{"x@", "1"}}, "x`"));
  }

  BOOST_AUTO_TEST_CASE(a_failure_carries_code_status_and_text) {
    const auto answer
      = reply::failure({errc::overloaded, "queue full", "try later"});
    BOOST_TEST((answer.code == errc::overloaded));
    BOOST_TEST(answer.status == 429);
    BOOST_TEST(answer.message == "queue full");
    BOOST_TEST(answer.next_step == "try later");
    BOOST_TEST(answer.content_type == "application/json");
    BOOST_TEST(answer.body.empty());
    BOOST_TEST(!answer.started);
  }

  BOOST_AUTO_TEST_CASE(a_fresh_reply_is_a_success_that_never_ran) {
    const reply answer;
    BOOST_TEST((answer.code == errc::ok));
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(!answer.started);
    BOOST_TEST(answer.site.empty());
  }

  BOOST_AUTO_TEST_CASE(a_copied_event_shares_its_body) {
    invocation event;
    event.body = blob{std::string(1000, 'b')};
    const auto copy = event;
    BOOST_TEST((copy.body.view().data() == event.body.view().data()));
    BOOST_TEST(copy.attempt == 1);
  }

  BOOST_AUTO_TEST_SUITE_END()
