// The same library in all three modes: the answers are the same.
#include "tests/unit/functions/isolated/isolated_fixture.hpp"

#include "tests/support/scratch_folder.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>

using namespace faas;
using namespace faas::test;
using faas::testing::scratch_folder;
namespace data = boost::unit_test::data;

namespace {

struct modes_fixture : isolated_fixture {
  modes_fixture() {
    config.trust.trust_all = true;
    config.inline_bounds = {1h, 1h};
  }
};

const auto all_modes
  = data::make({trust_mode::isolated, trust_mode::threads, trust_mode::inline_});

} // namespace

BOOST_AUTO_TEST_SUITE(modes_test)

  BOOST_DATA_TEST_CASE_F(modes_fixture, hello_answers, all_modes, mode) {
    auto host = open_ready(library("hello", mode));
    const auto answer = call(*host, "you");
    BOOST_TEST(answer.body.view() == "Hello, you!\n");
    BOOST_TEST(answer.content_type == "text/plain; charset=utf-8");
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.version == 3u);
    BOOST_TEST(host->facts()["mode"] == name(mode));
  }

  BOOST_DATA_TEST_CASE_F(modes_fixture, faults_are_answered, all_modes, mode) {
    auto from = library("misbehave", mode);
    from.spec.petrel.max_body_bytes = 1000;
    auto host = open_ready(from);
    const auto threw = call(*host, "throw");
    BOOST_TEST(code_name(threw) == "function_failed");
    BOOST_TEST(threw.message.find("thrown on purpose") != std::string::npos);
    BOOST_TEST(logged("misbehave", "error: thrown on purpose"));
    BOOST_TEST(code_name(call(*host, "throw-int")) == "function_failed");
    BOOST_TEST(code_name(call(*host, "huge 1001")) == "function_failed");
    BOOST_TEST(code_name(call(*host, "huge 1000")) == "ok");
    BOOST_TEST(call(*host, "status 404").status == 404);
    BOOST_TEST(code_name(call(*host, "status 99")) == "function_failed");
    BOOST_TEST(code_name(call(*host, "bad-header")) == "function_failed");
    BOOST_TEST(call(*host, "calls").body.view() == "8");
  }

  BOOST_DATA_TEST_CASE_F(modes_fixture, rules_of_the_sink_hold, all_modes,
                         mode) {
    auto host = open_ready(library("raw_table", mode));
    for (const auto* word :
         {"twice", "silent", "late-start", "code", "escape", "escape-int"})
      BOOST_TEST(code_name(call(*host, word)) == "function_failed");
    BOOST_TEST(call(*host, "empty").status == 204);
    BOOST_TEST(call(*host, "parts").body.size() == 10'000u);
    BOOST_TEST(call(*host, "null-parts").body.empty());
    const auto named = call(*host, "call-id");
    const call_id id{1, tokens};
    BOOST_TEST(named.body.view() == id.to_string());
  }

  BOOST_DATA_TEST_CASE_F(modes_fixture, headers_and_time_get_through,
                         all_modes, mode) {
    auto host = open_ready(library("misbehave", mode));
    auto asked = event("header");
    asked.headers = {{"X-Test", "seen"}};
    host->submit(std::move(asked), got->promise(1000));
    const auto answer = got->wait(1000);
    BOOST_TEST(answer.body.view() == "seen");
    BOOST_REQUIRE(answer.headers.size() == 1u);
    BOOST_TEST(answer.headers[0].value == "misbehave");
    const auto left = std::stoi(
      std::string{call(*host, "remaining", 9s).body.view()});
    BOOST_TEST(left > 1000);
    BOOST_TEST(left <= 9000);
    call(*host, "log");
    BOOST_TEST(logged("misbehave", "warning: a line\nof two"));
    call(*host, "log-long");
    BOOST_TEST(logged("misbehave", std::string(8192, 'x')));
  }

  BOOST_DATA_TEST_CASE_F(modes_fixture, large_bodies_get_through, all_modes,
                         mode) {
    auto host = open_ready(library("misbehave", mode));
    for (const size_t size : {limits::mib, 16 * limits::mib, size_t{1}}) {
      std::string body(size, 'x');
      body.front() = '<';
      body.back() = '>';
      BOOST_TEST((call(*host, body).body.view() == body));
    }
    BOOST_TEST(call(*host, "huge 16777216").body.size() == 16 * limits::mib);
  }

  BOOST_DATA_TEST_CASE_F(modes_fixture, many_calls_are_answered_once_each,
                         all_modes, mode) {
    auto from = library("misbehave", mode);
    from.spec.petrel.concurrency = 3;
    auto host = open_ready(from);
    const auto before = tokens.load();
    for (int i = 0; i < 900; ++i)
      submit(*host, std::to_string(i));
    BOOST_REQUIRE(got->wait_for_count(900));
    BOOST_TEST(got->each_once());
    for (int i = 0; i < 900; ++i)
      BOOST_TEST(got->wait(before + 1 + i).body.view() == std::to_string(i));
  }

  BOOST_DATA_TEST_CASE_F(modes_fixture, secrets_are_files_and_changes_are_told,
                         all_modes, mode) {
    scratch_folder folder;
    const auto path = folder.path() / "token";
    std::ofstream{path} << "one";
    auto secrets = std::make_shared<secret_folder>(
      folder.path(), std::set<std::string>{"token"});
    auto from = library("secret", mode);
    from.spec.environment = {{"SECRET", "token"}};
    from.secrets = secrets;
    auto host = open_ready(from);
    BOOST_TEST(call(*host, "now").body.view() == "one");
    BOOST_TEST(call(*host, "begun").body.view() == "one");
    BOOST_TEST(call(*host, "other").body.view() == "");
    BOOST_TEST(call(*host, "path").body.view() == path.string());
    BOOST_TEST(call(*host, "told").body.view() == "");
    std::ofstream{path} << "two";
    secrets->changed("token");
    BOOST_TEST(call(*host, "told").body.view() == "token");
    BOOST_TEST(call(*host, "now").body.view() == "two");
    BOOST_TEST(call(*host, "told").body.view() == "token"); // once
  }

  BOOST_DATA_TEST_CASE_F(modes_fixture, a_bad_library_fails_its_load,
                         all_modes, mode) {
    open(library("no_table", mode));
    BOOST_TEST(!told["no_table"].loaded[0]);
  }

  BOOST_AUTO_TEST_SUITE_END()
