#include "libfaas/core/result.hpp"

#include "libfaas/core/blob.hpp"
#include "libfaas/core/clock.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>

using namespace faas;

BOOST_AUTO_TEST_SUITE(result_test)

  BOOST_AUTO_TEST_CASE(holds_a_value) {
    result<std::string> r{std::string{"x"}};
    BOOST_REQUIRE(r);
    BOOST_TEST(*r == "x");
    BOOST_TEST(r->size() == 1);
    *r += "y";
    const auto& constant = r;
    BOOST_TEST(*constant == "xy");
    BOOST_TEST(constant->size() == 2);
  }

  BOOST_AUTO_TEST_CASE(holds_an_error) {
    result<int> r{errc::not_found, "gone", "look elsewhere"};
    BOOST_REQUIRE(!r);
    BOOST_TEST((r.error() == error{errc::not_found, "gone", "look elsewhere"}));
  }

  BOOST_AUTO_TEST_CASE(a_value_that_is_an_integer_is_not_taken_for_a_code) {
    const result<uint64_t> r{uint64_t{3}};
    BOOST_REQUIRE(r);
    BOOST_TEST(*r == 3);
  }

  BOOST_AUTO_TEST_CASE(moves_out_what_cannot_be_copied) {
    result<std::unique_ptr<int>> r{std::make_unique<int>(5)};
    BOOST_REQUIRE(r);
    const std::unique_ptr<int> taken = *std::move(r);
    BOOST_TEST(*taken == 5);
  }

  BOOST_AUTO_TEST_CASE(success_without_a_value_is_the_default) {
    const result<void> ok;
    BOOST_TEST(!!ok);
    const result<void> failed{errc::internal, "oops"};
    BOOST_REQUIRE(!failed);
    BOOST_TEST(failed.error().message == "oops");
  }

  BOOST_AUTO_TEST_CASE(a_result_can_change_from_error_to_value) {
    result<int> r{errc::internal, "oops"};
    r = result<int>{4};
    BOOST_REQUIRE(r);
    BOOST_TEST(*r == 4);
  }

  BOOST_AUTO_TEST_CASE(copies_of_a_blob_share_its_bytes) {
    const blob a{std::string(100, 'x')};
    const blob b = a;
    BOOST_TEST(b.size() == 100);
    BOOST_TEST((a.view().data() == b.view().data()));
    BOOST_TEST(blob{}.empty());
    BOOST_TEST(blob{""}.view() == "");
  }

  BOOST_AUTO_TEST_CASE(milliseconds_convert_both_ways) {
    using namespace std::chrono_literals;
    BOOST_TEST(to_ms(1500us) == 1.5);
    BOOST_TEST((from_ms(0.25) == 250us));
    BOOST_TEST((from_ms(-1) == -1ms));
  }

  BOOST_AUTO_TEST_SUITE_END()
