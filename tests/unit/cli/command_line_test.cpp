// Options, help, exit codes, messages.
#include "fakes.hpp"
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/endpoint.hpp"
#include "tools/faas-cli/table.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace faas;
using namespace faas::cli;

namespace {

constexpr option options[] = {
  {"g,gateway", option::kind::value, "help", "URL"},
  {"H,header", option::kind::list, "help", "TEXT"},
  {"json", option::kind::flag, "help"},
  {"tail", option::kind::value, "help", "N"},
};

result<arguments> parse(const std::vector<std::string>& words) {
  const std::span<const option> groups[] = {options};
  return arguments::parse(groups, words);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(command_line_test, fixture)

  BOOST_AUTO_TEST_CASE(options_and_words_are_told_apart) {
    const auto args = parse({"a", "--json", "-g", "http://x", "b", "-H",
                             "A: b,c", "-H", "D: e", "--tail=-1"});
    BOOST_REQUIRE(args);
    BOOST_TEST((args->words() == std::vector<std::string>{"a", "b"}));
    BOOST_TEST(args->has("json"));
    BOOST_TEST(args->get("gateway") == "http://x");
    BOOST_TEST(
      (args->all("header") == std::vector<std::string>{"A: b,c", "D: e"}));
    BOOST_TEST(*args->number("tail", 5) == -1);
    BOOST_TEST(*args->number("other", 5) == 5);
  }

  BOOST_AUTO_TEST_CASE(a_value_may_begin_with_a_dash) {
    const auto args = parse({"--tail", "-1"});
    BOOST_REQUIRE(args);
    BOOST_TEST(*args->number("tail", 5) == -1);
  }

  BOOST_AUTO_TEST_CASE(words_after_two_dashes_are_words) {
    const auto args = parse({"--", "--json"});
    BOOST_REQUIRE(args);
    BOOST_TEST(!args->has("json"));
    BOOST_TEST((args->words() == std::vector<std::string>{"--json"}));
  }

  BOOST_AUTO_TEST_CASE(wrong_options_are_usage_errors) {
    BOOST_TEST(!parse({"--nonsense"}));
    BOOST_TEST(!parse({"--gateway"}));
    const auto args = parse({"--tail", "many"});
    BOOST_REQUIRE(args);
    const auto tail = args->number("tail", 1);
    BOOST_REQUIRE(!tail);
    BOOST_TEST(tail.error().message
               == "--tail: \"many\" is not a whole number");
    BOOST_TEST(cli({"list", "--nonsense"}) == 2);
    BOOST_TEST(complained("nonsense"));
  }

  BOOST_AUTO_TEST_CASE(every_command_has_help_with_examples) {
    for (const auto* c : all_commands()) {
      const std::string name{c->name};
      BOOST_TEST(cli({"help", name}) == 0, name);
      BOOST_TEST(printed("Examples:\n  faas-cli " + name), name);
      const auto by_topic = out.str();
      BOOST_TEST(cli({name, "--help"}) == 0, name);
      BOOST_TEST(out.str() == by_topic, name);
      BOOST_TEST(cli({"help"}) == 0);
      BOOST_TEST(printed("  " + name), name);
    }
  }

  BOOST_AUTO_TEST_CASE(options_of_a_command_are_declared_once) {
    for (const auto* c : all_commands()) {
      std::set<std::string_view> names;
      for (const auto& o : c->options)
        BOOST_TEST(names.insert(o.long_name()).second,
                   c->name << " " << o.names);
      if (c->asks_gateway)
        for (const auto& o : gateway_options())
          BOOST_TEST(names.insert(o.long_name()).second,
                     c->name << " " << o.names);
    }
  }

  BOOST_AUTO_TEST_CASE(every_query_can_answer_in_json) {
    for (const auto name : {"list", "describe", "nodes", "sites", "top", "logs",
                            "version", "pack", "deploy", "up"}) {
      BOOST_TEST(cli({"help", name}) == 0);
      BOOST_TEST(printed("--json"), name);
    }
  }

  BOOST_AUTO_TEST_CASE(no_command_is_a_usage_error_with_help) {
    BOOST_TEST(cli({}) == 2);
    BOOST_TEST(complained("Usage: faas-cli COMMAND"));
  }

  BOOST_AUTO_TEST_CASE(an_unknown_command_names_the_nearest) {
    BOOST_TEST(cli({"lst"}) == 2);
    BOOST_TEST(complained("did you mean `faas-cli list`?"));
    BOOST_TEST(cli({"xxxxxxxx"}) == 2);
    BOOST_TEST(complained("`faas-cli help` lists them"));
    BOOST_TEST(cli({"help", "lst"}) == 2);
  }

  BOOST_AUTO_TEST_CASE(the_number_of_words_is_checked) {
    BOOST_TEST(cli({"describe"}) == 2);
    BOOST_TEST(complained("describe needs NAME"));
    BOOST_TEST(cli({"describe", "a", "b"}) == 2);
    BOOST_TEST(complained("\"b\" is one word too many"));
    BOOST_TEST(http.sent.empty());
  }

  BOOST_AUTO_TEST_CASE(exit_codes_follow_the_error) {
    const std::pair<errc, int> cases[] = {{errc::ok, 0},
                                          {errc::function_failed, 1},
                                          {errc::internal, 1},
                                          {errc::outcome_unknown, 1},
                                          {errc::bad_bundle, 1},
                                          {errc::invalid_argument, 2},
                                          {errc::not_found, 3},
                                          {errc::unauthorized, 4},
                                          {errc::forbidden, 4},
                                          {errc::unavailable, 5},
                                          {errc::deadline_exceeded, 6},
                                          {errc::overloaded, 7}};
    for (const auto& [code, wanted] : cases)
      BOOST_TEST(static_cast<int>(exit_code_of(code)) == wanted, name(code));
  }

  BOOST_AUTO_TEST_CASE(exit_codes_are_documented) {
    BOOST_TEST(cli({"help", "exit-codes"}) == 0);
    for (int code = 0; code <= 7; ++code)
      BOOST_TEST(printed("\n  " + std::to_string(code) + "  "), code);
    BOOST_TEST(cli({"help", "environment"}) == 0);
    BOOST_TEST(printed("PETREL_TOKEN_FILE"));
  }

  BOOST_AUTO_TEST_CASE(an_error_shows_code_call_id_and_next_step) {
    std::ostringstream text;
    print_error(text, {errc::overloaded, "queue full", "try later"}, "abc");
    BOOST_TEST(text.str()
               == "Error: overloaded: queue full\nCall id: abc\n"
                  "Next: try later\n");
    text.str("");
    print_error(text, {errc::internal, "oops"}, "");
    BOOST_TEST(text.str() == "Error: internal: oops\n");
  }

  BOOST_AUTO_TEST_CASE(headers_are_parsed) {
    auto header = parse_header("X-A:  b: c");
    BOOST_REQUIRE(header);
    BOOST_TEST(header->first == "X-A");
    BOOST_TEST(header->second == "b: c");
    BOOST_TEST(parse_header("X-A:")->second == "");
    for (const auto bad : {"", "X-A", ": b", "X A: b", "X-A: b\r\nC: d"})
      BOOST_TEST(!parse_header(bad), bad);
  }

  BOOST_AUTO_TEST_CASE(urls_and_credentials_are_encoded) {
    BOOST_TEST(url_encode("a-b_c.d~1") == "a-b_c.d~1");
    BOOST_TEST(url_encode("a/b?c d\xc3\xa4") == "a%2Fb%3Fc%20d%C3%A4");
    BOOST_TEST(base64("") == "");
    BOOST_TEST(base64("f") == "Zg==");
    BOOST_TEST(base64("fo") == "Zm8=");
    BOOST_TEST(base64("foobar") == "Zm9vYmFy");
  }

  BOOST_AUTO_TEST_CASE(tables_align_and_keep_the_terminal_safe) {
    table t{{"Name", ">Count", "Note"}};
    t.row({"a", "1", ""});
    t.row({"l\xc3\xa4nger", "12345", "x\x1b[2Jy"});
    t.row({"short"});
    BOOST_TEST(t.to_string()
               == "Name    Count  Note\n"
                  "a           1\n"
                  "l\xc3\xa4nger  12345  x [2Jy\n"
                  "short\n");
  }

  BOOST_AUTO_TEST_CASE(numbers_are_short) {
    BOOST_TEST(short_number(3) == "3");
    BOOST_TEST(short_number(0.1234) == "0.123");
    BOOST_TEST(short_number(1.234) == "1.23");
    BOOST_TEST(short_number(12.34) == "12.3");
    BOOST_TEST(short_number(1234.5) == "1234");
    BOOST_TEST(short_number(0.0 / 0.0) == "-");
    BOOST_TEST(short_bytes(999) == "999 B");
    BOOST_TEST(short_bytes(1400) == "1.4 KB");
    BOOST_TEST(short_bytes(21e6) == "21 MB");
  }

  BOOST_AUTO_TEST_SUITE_END()
