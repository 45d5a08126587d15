#include "tools/stoic-replay/csv.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::stoic;

namespace {

csv_table table(std::string_view text) {
  auto parsed = csv_table::parse("t.csv", text);
  BOOST_REQUIRE(parsed);
  return std::move(*parsed);
}

std::string refusal(std::string_view text) {
  const auto parsed = csv_table::parse("t.csv", text);
  return parsed ? "" : parsed.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(csv_test)

  BOOST_AUTO_TEST_CASE(cells_are_read_by_name) {
    const auto of = table("a,b\n1,x\r\n,-2.5e1\n");
    BOOST_TEST(of.rows() == 2u);
    BOOST_TEST(of.text(0, 1) == "x");
    BOOST_TEST(!(*of.number(1, 0)).has_value());
    BOOST_TEST(*of.needed(1, *of.column("b")) == -25);
  }

  BOOST_AUTO_TEST_CASE(what_is_wrong_is_told_with_file_line_and_column) {
    const auto of = table("a,b\n1,x\n,2\n");
    BOOST_TEST(of.column("c").error().message == "t.csv:1: no column c");
    BOOST_TEST(of.number(0, 1).error().message
               == "t.csv:2: b: \"x\" is not a number");
    BOOST_TEST(of.needed(1, 0).error().message == "t.csv:3: a: is empty");
    for (const char* bad : {"1x", "nan", "inf", "1e999", " 1", "0x1"}) {
      const auto one = table(std::string{"a\n"} + bad);
      BOOST_TEST_CONTEXT(bad)
      BOOST_TEST(!one.number(0, 0));
    }
  }

  BOOST_AUTO_TEST_CASE(tables_that_are_none_are_refused) {
    BOOST_TEST(refusal("") == "t.csv:1: no names of columns");
    BOOST_TEST(refusal("a,b,a\n") == "t.csv:1: column a is there twice");
    BOOST_TEST(refusal("a,b\n1,2\n1\n").starts_with("t.csv:3: 1 cells, not 2"));
    BOOST_TEST(refusal("a,b\n\n1,2\n").starts_with("t.csv:3: "));
  }

  BOOST_AUTO_TEST_SUITE_END()
