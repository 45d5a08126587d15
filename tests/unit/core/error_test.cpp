#include "libfaas/core/error.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace faas;

namespace {

errc code_at(size_t index) {
  return static_cast<errc>(index);
}

} // namespace

BOOST_AUTO_TEST_SUITE(error_test)

  BOOST_AUTO_TEST_CASE(every_name_is_unique_and_leads_back_to_its_code) {
    std::set<std::string_view> names;
    for (size_t i = 0; i < errc_count; ++i) {
      BOOST_TEST(names.insert(name(code_at(i))).second);
      BOOST_TEST((errc_from_name(name(code_at(i))) == code_at(i)));
    }
  }

  BOOST_AUTO_TEST_CASE(names_are_lower_case_words_with_underscores) {
    for (size_t i = 0; i < errc_count; ++i)
      for (const char c : name(code_at(i)))
        BOOST_TEST(((c >= 'a' && c <= 'z') || c == '_'));
  }

  BOOST_AUTO_TEST_CASE(the_last_code_is_internal_and_errc_count_says_so) {
    BOOST_TEST(static_cast<size_t>(errc::internal) + 1 == errc_count);
  }

  BOOST_AUTO_TEST_CASE(every_failure_has_an_error_status) {
    BOOST_TEST(http_status(errc::ok) == 200);
    for (size_t i = 1; i < errc_count; ++i) {
      BOOST_TEST(http_status(code_at(i)) >= 400);
      BOOST_TEST(http_status(code_at(i)) < 600);
    }
  }

  BOOST_AUTO_TEST_CASE(statuses_promised_to_clients_do_not_change) {
    BOOST_TEST(http_status(errc::invalid_argument) == 400);
    BOOST_TEST(http_status(errc::not_found) == 404);
    BOOST_TEST(http_status(errc::conflict) == 409);
    BOOST_TEST(http_status(errc::too_large) == 413);
    BOOST_TEST(http_status(errc::overloaded) == 429);
    BOOST_TEST(http_status(errc::outcome_unknown) == 502);
    BOOST_TEST(http_status(errc::unavailable) == 503);
    BOOST_TEST(http_status(errc::deadline_exceeded) == 504);
    BOOST_TEST(http_status(errc::storage_full) == 507);
  }

  BOOST_AUTO_TEST_CASE(numbers_that_travel_between_nodes_do_not_change) {
    BOOST_TEST(static_cast<int>(errc::ok) == 0);
    BOOST_TEST(static_cast<int>(errc::not_found) == 4);
    BOOST_TEST(static_cast<int>(errc::outcome_unknown) == 12);
    BOOST_TEST(static_cast<int>(errc::internal) == 20);
  }

  BOOST_AUTO_TEST_CASE(an_event_that_may_have_run_is_never_repeated_by_itself) {
    BOOST_TEST((retry(errc::outcome_unknown) == retry_class::never));
    BOOST_TEST((retry(errc::function_failed) == retry_class::never));
    BOOST_TEST((retry(errc::unavailable) == retry_class::other_node));
    BOOST_TEST((retry(errc::overloaded) == retry_class::same_later));
    BOOST_TEST((retry(errc::bad_bundle) == retry_class::after_change));
  }

  BOOST_AUTO_TEST_CASE(a_code_of_a_newer_node_counts_as_internal) {
    const auto future = static_cast<errc>(200);
    BOOST_TEST(name(future) == "internal");
    BOOST_TEST(http_status(future) == 500);
    BOOST_TEST((errc_from_name("of_the_future") == errc::internal));
    BOOST_TEST((errc_from_name("") == errc::internal));
  }

  BOOST_AUTO_TEST_CASE(prints_code_message_and_next_step) {
    const error full{errc::not_found, "no function 'x'", "see the list"};
    BOOST_TEST(full.to_string() == "not_found: no function 'x' (see the list)");
    const error bare{errc::internal, "oops"};
    BOOST_TEST(bare.to_string() == "internal: oops");
  }

  BOOST_AUTO_TEST_SUITE_END()
