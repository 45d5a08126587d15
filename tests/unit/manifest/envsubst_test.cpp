#include "libfaas/manifest/envsubst.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;

namespace {

std::optional<std::string> lookup(std::string_view name) {
  if (name == "HOST")
    return "edge-1";
  if (name == "EMPTY")
    return "";
  return std::nullopt;
}

std::string expand(std::string_view text) {
  auto out = substitute(text, lookup, nullptr);
  return out ? *out : "error: " + out.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(envsubst_test)

  BOOST_AUTO_TEST_CASE(variables_are_filled_in) {
    BOOST_TEST(expand("a ${HOST} b ${HOST}") == "a edge-1 b edge-1");
  }

  BOOST_AUTO_TEST_CASE(defaults_stand_for_unset_or_empty_variables) {
    BOOST_TEST(expand("${NONE:-x}") == "x");
    BOOST_TEST(expand("${NONE-x}") == "x");
    BOOST_TEST(expand("${NONE:=x}") == "x");
    BOOST_TEST(expand("${EMPTY:-x}") == "x");
    BOOST_TEST(expand("${EMPTY-x}") == "");
    BOOST_TEST(expand("${HOST:-x}") == "edge-1");
    BOOST_TEST(expand("${NONE:-http://a:8080/b}") == "http://a:8080/b");
  }

  BOOST_AUTO_TEST_CASE(a_default_may_hold_variables) {
    BOOST_TEST(expand("${NONE:-${HOST}-${NONE:-y}}!") == "edge-1-y!");
    BOOST_TEST(expand("${HOST:-${NONE}}!") == "edge-1!");
  }

  BOOST_AUTO_TEST_CASE(other_dollars_stay) {
    BOOST_TEST(expand("$HOST $1 cost$") == "$HOST $1 cost$");
    BOOST_TEST(expand("$${HOST}") == "${HOST}");
  }

  BOOST_AUTO_TEST_CASE(an_unset_variable_is_empty_and_warned_about) {
    std::vector<std::string> warnings;
    auto out = substitute("[${NONE}]", lookup, &warnings);
    BOOST_REQUIRE(out);
    BOOST_TEST(*out == "[]");
    BOOST_REQUIRE(warnings.size() == 1);
    BOOST_TEST(warnings[0].find("NONE is not set") != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(no_warning_for_a_default_that_is_not_used) {
    std::vector<std::string> warnings;
    BOOST_REQUIRE(substitute("${HOST:-${NONE}}", lookup, &warnings));
    BOOST_TEST(warnings.empty());
  }

  BOOST_AUTO_TEST_CASE(malformed_variables_name_their_line) {
    BOOST_TEST(expand("a\nb ${HOST").starts_with("error: line 2:"));
    BOOST_TEST(expand("${}").starts_with("error: line 1:"));
    BOOST_TEST(expand("${9}").starts_with("error:"));
    BOOST_TEST(expand("${A:}").starts_with("error:"));
    BOOST_TEST(expand("${A,,}").starts_with("error:"));
    BOOST_TEST(expand("${A:-b").starts_with("error:"));
  }

  BOOST_AUTO_TEST_CASE(nesting_and_growth_are_bounded) {
    std::string deep;
    for (int i = 0; i < 100; ++i)
      deep += "${NONE:-";
    BOOST_TEST(expand(deep).find("too deeply") != std::string::npos);

    const std::string big(limits::manifest_bytes / 2, 'x');
    const auto out = substitute(
      "${A}${A}${A}", [&](std::string_view) { return std::optional{big}; },
      nullptr);
    BOOST_REQUIRE(!out);
    BOOST_TEST(out.error().message.find("too large") != std::string::npos);
  }

  BOOST_AUTO_TEST_SUITE_END()
