#include "registry/records/record_json.hpp"
#include "tests/support/catalog_commands.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;

BOOST_AUTO_TEST_SUITE(record_json_test)

  BOOST_AUTO_TEST_CASE(records_come_back_equal) {
    catalog_state state;
    for (int i = 0; i < 200; ++i)
      apply(state, nth_change(state, 3));
    BOOST_REQUIRE(!state.functions.empty());
    for (const auto& [name, record] : state.functions) {
      const auto back = record_from_json(name, record_to_json(record));
      BOOST_REQUIRE_MESSAGE(back, (back ? "" : back.error().to_string()));
      BOOST_TEST((*back == record));
    }
  }

  BOOST_AUTO_TEST_CASE(other_text_is_an_error_that_names_the_function) {
    catalog_state state;
    apply(state, *plan(state, deploy_of("f", 1), wall_time{}));
    const function_name f{"f"};
    const auto good = record_to_json(state.functions.at(f));
    std::vector<std::string> bad{"", "1", "[]", "{}", "{\"current\":1}"};
    for (size_t cut = 1; cut < good.size(); cut += 7)
      bad.push_back(good.substr(0, cut));
    for (const auto& text : bad) {
      const auto read = record_from_json(f, text);
      BOOST_TEST_CONTEXT(text) {
        BOOST_REQUIRE(!read);
        BOOST_TEST((read.error().code == errc::internal));
        BOOST_TEST(read.error().message.find(" f ") != std::string::npos);
      }
    }
    auto more = good;
    more.insert(1, "\"later\":{},");
    BOOST_TEST((*record_from_json(f, more) == state.functions.at(f)));
  }

  BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_do_not_stop_a_write) {
    function_record record;
    record.name = function_name{"f"};
    record.current = record.last = 1;
    record.versions[1].number = 1;
    record.versions[1].spec = deploy_of("f", 1).spec;
    record.versions[1].by = "\xff";
    BOOST_TEST(!!record_from_json(record.name, record_to_json(record)));
  }

  BOOST_AUTO_TEST_CASE(short_notes_come_back_and_odd_ones_are_errors) {
    const function_name f{"f"};
    const retired_function gone{4'000'000'000, uint64_t{1} << 60};
    BOOST_TEST((*retired_from_text(f, retired_to_text(gone)) == gone));
    command_outcome outcome{{"", 77}, 3};
    outcome.unchanged = true;
    const auto back = outcome_from_text(outcome_to_text(outcome));
    BOOST_REQUIRE(back);
    BOOST_TEST(back->at.number == 77u);
    BOOST_TEST(back->version == 3u);
    BOOST_TEST(back->unchanged);
    BOOST_TEST(back->repeated);
    for (const auto* text : {"", "1", "1 2 3 4", "a b c", "1  2 3", "1 2 "}) {
      BOOST_TEST(!outcome_from_text(text));
      BOOST_TEST(!retired_from_text(f, std::string{text} + "x"));
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
