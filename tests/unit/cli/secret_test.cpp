// secret create, update, list, remove.
#include "fakes.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace faas;
using namespace faas::cli;
using nlohmann::json;

namespace {

struct commands : fixture {
  commands() {
    for (const char* method : {"POST", "PUT", "DELETE"})
      http.answer(std::string{method} + " /system/secrets", 200,
                  R"({"name":"db","version":3,"unchanged":false})");
  }
  json sent() { return json::parse(http.sent.back().body); }
  void type(const std::string& text) {
    in.clear();
    in.str(text);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(secret_test, commands)

BOOST_AUTO_TEST_CASE(a_value_is_read_and_not_shown) {
  type("  hunter2\n\n");
  BOOST_TEST(cli({"secret", "create", "db"}) == 0, err.str());
  BOOST_TEST(http.sent.back().method == "POST");
  BOOST_TEST((sent() == json{{"name", "db"}, {"rawValue", "aHVudGVyMg=="}}));
  BOOST_TEST(printed("db: created\n"));
  scratch.write("value", "hunter2\n");
  BOOST_TEST(cli({"secret", "update", "db", "--from-file", "value",
                  "--trim=false"})
             == 0);
  BOOST_TEST(http.sent.back().method == "PUT");
  BOOST_TEST(sent()["rawValue"] == "aHVudGVyMgo=");
  BOOST_TEST(printed("db: updated\n"));
  BOOST_TEST(cli({"secret", "create", "db", "--from-literal", "hunter2"})
             == 0);
  BOOST_TEST(sent()["rawValue"] == "aHVudGVyMg==");
  BOOST_TEST(!printed("hunter2"));
  BOOST_TEST(!complained("hunter2"));
}

BOOST_AUTO_TEST_CASE(bytes_of_any_kind_are_sent_as_they_are) {
  type(std::string("\0\xff", 2));
  BOOST_TEST(cli({"secret", "create", "db"}) == 0, err.str());
  BOOST_TEST(sent()["rawValue"] == "AP8=");
}

BOOST_AUTO_TEST_CASE(replace_updates_what_exists) {
  http.answer("POST /system/secrets", 409,
              R"({"error":{"code":"conflict","message":"exists","next":""}})");
  BOOST_TEST(cli({"secret", "create", "db", "--from-literal", "v"}) != 0);
  BOOST_TEST(cli({"secret", "create", "db", "--from-literal", "v",
                  "--replace"})
             == 0);
  BOOST_TEST(http.sent.back().method == "PUT");
}

BOOST_AUTO_TEST_CASE(an_unchanged_value_is_told) {
  http.answer("PUT /system/secrets", 200,
              R"({"name":"db","version":3,"unchanged":true})");
  BOOST_TEST(cli({"secret", "update", "db", "--from-literal", "v"}) == 0);
  BOOST_TEST(printed("has that value already"));
}

BOOST_AUTO_TEST_CASE(the_list_shows_names_and_users) {
  http.answer("GET /system/secrets", 200,
              R"([{"name":"db","namespace":"openfaas-fn","petrel":{"version":3,
                 "changedAt":"2026-01-02T03:04:05Z","users":["f","g"]}},
                 {"name":"from-another-gateway"}])");
  BOOST_TEST(cli({"secret", "list"}) == 0, err.str());
  BOOST_TEST(printed("2026-01-02T03:04:05Z"));
  BOOST_TEST(printed("f, g"));
  BOOST_TEST(printed("from-another-gateway"));
  BOOST_TEST(cli({"secret", "ls", "--json"}) == 0);
  BOOST_TEST(json::parse(out.str())[0]["name"] == "db");
  http.answer("GET /system/secrets", 200, "[]");
  BOOST_TEST(cli({"secret", "list"}) == 0);
  BOOST_TEST(printed("No secrets.\n"));
}

BOOST_AUTO_TEST_CASE(a_secret_in_use_is_not_removed) {
  BOOST_TEST(cli({"secret", "remove", "db"}) == 0);
  BOOST_TEST((sent() == json{{"name", "db"}}));
  http.answer("DELETE /system/secrets", 409,
              R"({"error":{"code":"conflict","message":"used by f","next":""}})");
  BOOST_TEST(cli({"secret", "rm", "db"}) == 1);
  BOOST_TEST(complained("used by f"));
}

BOOST_AUTO_TEST_CASE(wrong_command_lines_send_nothing) {
  type("x");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"secret"},
        {"secret", "show", "db"},
        {"secret", "create"},
        {"secret", "list", "db"},
        {"secret", "create", "db", "--from-literal", "v", "--from-file", "f"},
        {"secret", "create", "db", "--from-literal", " \n"},
        {"secret", "create", "db", "--from-literal", "v", "--trim", "maybe"}})
    BOOST_TEST(cli(words) == 2, words.back());
  BOOST_TEST(cli({"secret", "create", "db", "--from-file", "absent"}) == 3);
  type(std::string((1 << 20) + 1, 'x'));
  BOOST_TEST(cli({"secret", "create", "db"}) == 1);
  BOOST_TEST(complained("larger than a secret may be"));
  BOOST_TEST(http.sent.empty());
}

BOOST_AUTO_TEST_SUITE_END()
