// json-map: filters, fields, framing, and JSON that is none.
#include "functions/builtin/json_map.hpp"
#include "inputs.hpp"

using namespace faas;
using namespace faas::builtin;

namespace {

bool matches(std::string_view where, std::string_view document) {
  auto condition = filter::parse(where);
  BOOST_REQUIRE_MESSAGE(condition, where << ": " << complaint(condition));
  return (*condition)(*parse_json(document));
}

std::string map(const json_map& by, std::string_view body,
                std::string_view type = "application/json") {
  auto how = framing::one;
  auto out = by.run(body, type, how);
  if (!out)
    return "error: " + complaint(out);
  return *out ? **out : "nothing";
}

json_map make(std::string where, std::string select = "") {
  auto made = json_map::make(given({{"WHERE", where}, {"SELECT", select}}));
  BOOST_REQUIRE_MESSAGE(made, complaint(made));
  return *made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(json_map_test)

  BOOST_AUTO_TEST_CASE(comparisons) {
    const auto* d = R"({"n": 3, "f": 3.0, "s": "north", "b": false, "z": null,
                        "a": [1, {"x": "y"}], "a b": 1, "o/p": {"~": 7}})";
    for (const auto* yes :
         {"", "/n == 3", "/n == 3.0", "/n != 4", "/n<4", "/n<=3", "/n >= 3",
          "/n > -1e3", "/s == \"north\"", "/s < \"south\"", "/b == false",
          "/z == null", "/a/1/x == \"y\"", "/a/0", "/n == /f", "not /b",
          "not /z", "not /nothing", "\"/a b\" == 1", "/o~1p/~0 == 7",
          "/n == 3 and /s == \"north\"", "/n == 4 or /f == 3",
          "/n == 3 or /n == 4 and /n == 5", "not /n == 4 and /n",
          "not (/n == 3 and /b)", "((/n))"})
      BOOST_TEST(matches(yes, d), yes);
    for (const auto* no :
         {"/n == 4", "/n == \"3\"", "/n < \"4\"", "/s > 3", "/nothing == 1",
          "/nothing != 1", "/b", "/z", "/a/2", "/a/00", "/a/-", "/a/1/x/y",
          "/n == /nothing", "(/n == 3 or /n == 4) and /n == 5", "not /n",
          "/a/99999999999999999999"})
      BOOST_TEST(!matches(no, d), no);
  }

  BOOST_AUTO_TEST_CASE(conditions_that_are_none) {
    for (const std::string wrong :
         {"/n ==", "n == 1", "/n = 1", "/n == one", "/n == 1 and", "(/n", "/n)",
          "/n == 1 /m", "/n == [1]", "/n == \"x", "\"x\" == 1", "/~2 == 1",
          "and", "not", "/n == 1 && /m", "/n == NaN", "\"/\xff\" == 1"}) {
      auto read = filter::parse(wrong);
      BOOST_TEST(!read, wrong);
      if (!read)
        BOOST_TEST(complaint(read).starts_with("WHERE, at character "),
                   complaint(read));
    }
    BOOST_TEST(!filter::parse(std::string(5000, ' ') + "/n"));
    BOOST_TEST(!filter::parse(std::string(40, '(') + "/n" + std::string(40, ')')));
    std::string nots;
    for (int i = 0; i < 1000; ++i)
      nots += "not ";
    BOOST_TEST(!filter::parse(nots + "/n"));
  }

  BOOST_AUTO_TEST_CASE(one_document_array_and_lines) {
    const auto by = make("/n > 1", "id: /id, deep: /a/b");
    BOOST_TEST(map(by, R"({"n": 2, "id": "x", "a": {"b": [1]}})")
               == R"({"deep":[1],"id":"x"})");
    BOOST_TEST(map(by, R"({"n": 1, "id": "x"})") == "nothing");
    BOOST_TEST(map(by, R"([{"n": 2, "id": 1}, {"n": 0}, {"n": 3}])")
               == R"([{"id":1},{}])");
    BOOST_TEST(map(by, "[]") == "[]");
    BOOST_TEST(map(by, "{\"n\":2,\"id\":1}\r\n\n{\"n\":0}\n{\"n\":9,\"id\":2}",
                   "application/x-ndjson; charset=utf-8")
               == "{\"id\":1}\n{\"id\":2}\n");
    BOOST_TEST(map(make(""), R"({"b":1,"a":[1.5,null,"\u00e4"]})")
               == "{\"a\":[1.5,null,\"\xc3\xa4\"],\"b\":1}");
  }

  BOOST_AUTO_TEST_CASE(selects_that_are_none) {
    for (const std::string wrong : {"id", "id: x", ": /id", "a: /a,, b: /b"}) {
      const auto made = json_map::make(given({{"SELECT", wrong}}));
      BOOST_TEST(complaint(made).starts_with("SELECT: "), wrong);
    }
  }

  BOOST_AUTO_TEST_CASE(bodies_that_are_no_json) {
    const auto by = make("/n");
    for (const std::string wrong :
         {"", "{", "{\"n\": NaN}", "{\"n\": 1e999}", "{\"n\": 1} x",
          "{\"n\": \"\xff\"}", "{'n': 1}", "[1,]", "{\"n\": Infinity}"})
      BOOST_TEST(map(by, wrong).starts_with("error: not JSON"),
                 wrong << " gave " << map(by, wrong));
    BOOST_TEST(map(by, "{\"n\":1}\n{\"n\":", "application/jsonl")
                 .starts_with("error: line 2: not JSON"));
  }

  BOOST_AUTO_TEST_CASE(bombs) {
    const auto by = make("/n");
    const std::string deep(1'000'000, '[');
    BOOST_TEST(map(by, deep).find("nested deeper than 64") != std::string::npos);
    std::string objects;
    for (int i = 0; i < 100'000; ++i)
      objects += "{\"a\":";
    BOOST_TEST(map(by, objects).find("nested deeper") != std::string::npos);
    std::string many = "[";
    for (int i = 0; i < 1'100'000; ++i)
      many += "0,";
    auto how = framing::one;
    const auto out = by.run(many + "0]", "", how);
    BOOST_REQUIRE(!out);
    BOOST_TEST((out.error().code == errc::too_large));
    // Brackets in a text are no depth.
    BOOST_TEST(map(by, "\"" + std::string(1000, '[') + "\\\"[\"") == "nothing");
    BOOST_TEST(!pointer::parse(std::string(1000, '/')));
  }

  BOOST_AUTO_TEST_CASE(damaged_bodies_and_conditions) {
    const auto by = make("/n > 1 or /s == \"x\"", "a: /a/0");
    with_damaged({R"({"n": 2, "a": [1, {"b": "\u00e4"}], "s": "x"})",
                  R"([{"n": 1e3}, {"s": "x"}, null, true, -0.5])"},
                 20'000, [&](const std::string& body) {
                   (void)map(by, body);
                   (void)map(by, body, "application/x-ndjson");
                 });
    const auto document = *parse_json(R"({"n": 2, "a": [1]})");
    with_damaged({"/n >= 3 and (/s == \"north\" or not /a/0)"}, 20'000,
                 [&](const std::string& where) {
                   if (auto condition = filter::parse(where); condition)
                     (void)(*condition)(document);
                 });
  }

BOOST_AUTO_TEST_SUITE_END()
