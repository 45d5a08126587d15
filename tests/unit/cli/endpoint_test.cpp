// Which gateway, as whom, and with which manifest.
#include "fakes.hpp"
#include "tools/faas-cli/endpoint.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::cli;

namespace {

constexpr option options[] = {
  {"g,gateway", option::kind::value, "", ""},
  {"f,yaml", option::kind::value, "", ""},
  {"token-file", option::kind::value, "", ""},
  {"u,username", option::kind::value, "", ""},
  {"p,password", option::kind::value, "", ""},
};

struct endpoint_fixture : fixture {
  result<endpoint> find(const std::vector<std::string>& words) {
    const std::span<const option> groups[] = {options};
    auto args = arguments::parse(groups, words);
    BOOST_REQUIRE(args);
    session s{system, http, in, out, err, {}};
    return find_endpoint(s, *args);
  }
  std::string url(const std::vector<std::string>& words) {
    auto found = find(words);
    return found ? found->url : "error: " + found.error().message;
  }
  std::string authorization(const std::vector<std::string>& words) {
    auto found = find(words);
    return found ? found->authorization : "error: " + found.error().message;
  }
  void manifest_with_gateway(const std::string& address) {
    scratch.write("stack.yml", "provider: {name: openfaas, gateway: \""
                                 + address + "\"}\nfunctions: {f: }\n");
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(endpoint_test, endpoint_fixture)

  BOOST_AUTO_TEST_CASE(the_gateway_has_an_order_of_sources) {
    BOOST_TEST(url({}) == "http://127.0.0.1:8080");
    system.variables["OPENFAAS_URL"] = "http://openfaas:1";
    BOOST_TEST(url({}) == "http://openfaas:1");
    system.variables["PETREL_GATEWAY"] = "http://petrel:2";
    BOOST_TEST(url({}) == "http://petrel:2");
    manifest_with_gateway("http://manifest:3");
    BOOST_TEST(url({}) == "http://manifest:3");
    BOOST_TEST(url({"-g", "http://option:4/"}) == "http://option:4");
  }

  BOOST_AUTO_TEST_CASE(an_address_needs_no_scheme_but_must_be_one) {
    BOOST_TEST(url({"-g", "127.0.0.1:9"}) == "http://127.0.0.1:9");
    BOOST_TEST(url({"-g", "https://h/base/"}) == "https://h/base");
    for (const auto bad : {"ftp://x", "http://", "http://a b", "file:///etc"})
      BOOST_TEST(url({"-g", bad}).starts_with("error: "), bad);
  }

  BOOST_AUTO_TEST_CASE(loopback_is_recognised) {
    for (const auto here : {"http://127.0.0.1:8080", "http://localhost",
                            "http://[::1]:80/x", "http://127.9.9.9"})
      BOOST_TEST(is_loopback(here), here);
    for (const auto there : {"http://10.0.0.1", "http://127.0.0.1.evil.org",
                             "http://user@evil.org", "http://localhost.org"})
      BOOST_TEST(!is_loopback(there), there);
  }

  BOOST_AUTO_TEST_CASE(the_token_of_this_machines_node_is_found) {
    system.variables["XDG_DATA_HOME"] = (scratch.path / "data").string();
    scratch.write("data/petrel/admin-token", "s3cret\n");
    BOOST_TEST(authorization({}) == "Basic " + base64("admin:s3cret"));
    system.variables.erase("XDG_DATA_HOME");
    system.variables["HOME"] = scratch.path.string();
    scratch.write(".local/share/petrel/admin-token", "other");
    BOOST_TEST(authorization({}) == "Basic " + base64("admin:other"));
  }

  BOOST_AUTO_TEST_CASE(it_is_sent_to_loopback_only) {
    system.variables["XDG_DATA_HOME"] = scratch.path.string();
    scratch.write("petrel/admin-token", "s3cret");
    BOOST_TEST(authorization({"-g", "http://10.1.2.3:8080"}) == "");
    BOOST_TEST(authorization({"-g", "http://127.0.0.1.evil.org"}) == "");
  }

  BOOST_AUTO_TEST_CASE(named_credentials_win) {
    system.variables["XDG_DATA_HOME"] = scratch.path.string();
    scratch.write("petrel/admin-token", "node");
    scratch.write("t1", "variable");
    scratch.write("t2", "option");
    system.variables["PETREL_TOKEN_FILE"] = (scratch.path / "t1").string();
    BOOST_TEST(authorization({}) == "Basic " + base64("admin:variable"));
    BOOST_TEST(authorization({"--token-file", "t2"})
               == "Basic " + base64("admin:option"));
    BOOST_TEST(authorization({"-p", "pw", "-u", "me", "-g", "http://far:1"})
               == "Basic " + base64("me:pw"));
  }

  BOOST_AUTO_TEST_CASE(a_named_token_file_must_hold_a_token) {
    BOOST_TEST(authorization({"--token-file", "absent"})
                 .starts_with("error: cannot read the token file"));
    scratch.write("empty", "\n");
    scratch.write("two", "a\nb\n");
    BOOST_TEST(authorization({"--token-file", "empty"}).starts_with("error: "));
    BOOST_TEST(authorization({"--token-file", "two"}).starts_with("error: "));
  }

  BOOST_AUTO_TEST_CASE(a_manifest_is_searched_under_both_names) {
    scratch.write("stack.yml", "provider: {gateway: \"http://yml:1\"}\n");
    BOOST_TEST(url({}) == "http://yml:1");
    scratch.write("stack.yaml", "provider: {gateway: \"http://yaml:1\"}\n");
    BOOST_TEST(url({}) == "http://yaml:1");
    scratch.write("x.yml", "provider: {gateway: \"http://x:1\"}\n");
    BOOST_TEST(url({"-f", "x.yml"}) == "http://x:1");
    BOOST_TEST(url({"-f", "absent.yml"}).starts_with("error: cannot read"));
  }

  BOOST_AUTO_TEST_CASE(a_broken_manifest_does_not_hide_a_named_gateway) {
    scratch.write("stack.yml", "functions: [");
    BOOST_TEST(url({}).starts_with("error: "));
    BOOST_TEST(url({"-g", "http://h:1"}) == "http://h:1");
  }

  BOOST_AUTO_TEST_CASE(variables_of_the_manifest_come_from_the_environment) {
    scratch.write("stack.yml",
                  "provider: {gateway: \"http://${WHERE:-none}:1\"}\n");
    BOOST_TEST(url({}) == "http://none:1");
    system.variables["WHERE"] = "there";
    BOOST_TEST(url({}) == "http://there:1");
  }

  BOOST_AUTO_TEST_CASE(environment_files_win_over_the_manifest) {
    scratch.write("stack.yml",
                  "functions:\n  f:\n    environment: {A: 1, B: 2}\n"
                  "    environment_file: [a.yml, b.yml]\n");
    scratch.write("a.yml", "environment: {B: 3, C: 4}\n");
    scratch.write("b.yml", "environment: {C: 5, D: }\n");
    const std::span<const option> groups[] = {options};
    auto args = arguments::parse(groups, {});
    session s{system, http, in, out, err, {}};
    auto file = require_manifest(s, *args);
    BOOST_REQUIRE(file);
    auto merged = full_environment(*file, file->content.functions[0]);
    BOOST_REQUIRE(merged);
    BOOST_TEST(
      (*merged == string_map{{"A", "1"}, {"B", "3"}, {"C", "5"}, {"D", ""}}));
    scratch.write("b.yml", "environment: {C: [1]}\n");
    merged = full_environment(*file, file->content.functions[0]);
    BOOST_REQUIRE(!merged);
    BOOST_TEST(merged.error().message.find("line 1: environment.C")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_SUITE_END()
