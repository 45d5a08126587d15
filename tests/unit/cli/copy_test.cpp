// export and import: the file, its key, and what the gateway is asked.
#include "fakes.hpp"
#include "registry/bundles/sha256.hpp"
#include "tools/faas-cli/copy_file.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <set>

using namespace faas;
using namespace faas::cli;
using nlohmann::json;

namespace {

std::string read_all(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// A gateway with two functions, two bundles and a secret.
struct copies : fixture {
  std::vector<std::string> bundles{std::string(50'000, 'a'), "short"};
  std::string key_sent, imported, query;
  std::map<std::string, std::string> uploaded;
  std::set<std::string> missing;

  copies() {
    scratch.write("phrase", "correct horse battery\n");
    scratch.write("other", "incorrect horse battery\n");
    scratch.write("key", std::string(64, 'a') + "\n");
    for (const auto* name : {"phrase", "other", "key"})
      fs::permissions(scratch.path / name, fs::perms{0600});
    http.routes["POST /system/registry/export"]
      = [this](const http_request& request) -> result<http_response> {
      key_sent = json::parse(request.body).value("key", "");
      return http_response{200, {}, registry_text(!key_sent.empty()), {}};
    };
    for (const auto& bytes : bundles) {
      const auto path = "/system/bundles/" + registry::digest_of(bytes).hex();
      http.routes["GET " + path] = [=](const http_request& request) {
        const auto at = request.url.find("offset=") + 7;
        return result{http_response{
          200, {}, bytes.substr(std::stoull(request.url.substr(at)), 20'000),
          {}}};
      };
      http.routes["PATCH " + path] = [=, this](const http_request& request) {
        uploaded[path] = request.body;
        return result{http_response{201, {}, "{}", {}}};
      };
    }
    http.routes["POST /system/bundles/missing"]
      = [this](const http_request& request) -> result<http_response> {
      json out{{"missing", json::array()}};
      const auto asked = json::parse(request.body);
      for (const auto& one : asked["bundles"])
        if (missing.contains(one.get<std::string>()))
          out["missing"].push_back({{"digest", one}, {"offset", 0}});
      return http_response{200, {}, out.dump(), {}};
    };
    http.routes["PUT /system/registry"]
      = [this](const http_request& request) -> result<http_response> {
      imported = request.body;
      query = request.url.substr(request.url.find('?'));
      return http_response{
        200, {}, R"({"history":"h","number":9,"functions":2,"secrets":1,
                     "missing_secrets":["lost"],"ca":"old-1"})", {}};
    };
  }
  std::string registry_text(bool sealed) const {
    std::string text = json{{"petrel_registry", 1}, {"secrets", sealed}}.dump()
                       + "\n{\"function\":\"f\"}\n{\"function\":\"g\"}\n";
    if (sealed)
      text += "{\"secret\":\"s\"}\n{\"trust\":\"ca\"}\n";
    for (const auto& bytes : bundles)
      text += json{{"bundle", registry::digest_of(bytes).hex()},
                   {"record", bytes.size()}}
                .dump()
              + "\n";
    text += json{{"bundle", std::string(64, 'c')}, {"record", nullptr}}.dump()
            + "\n";
    return text + "{\"end\":6,\"sha256\":\""
           + registry::digest_of(text).hex() + "\"}\n";
  }
  fs::path file() const { return scratch.path / "out.petrel"; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(copy_test, copies)

BOOST_AUTO_TEST_CASE(a_registry_goes_out_and_in_by_passphrase) {
  BOOST_TEST(cli({"export", "out.petrel", "--passphrase-file", "phrase"}) == 0,
             err.str());
  BOOST_TEST(printed("2 functions, 2 bundles, 1 secrets, the CA"));
  BOOST_TEST(printed("1 bundles of older versions"));
  BOOST_TEST(key_sent.size() == 64u);
  const auto text = read_all(file());
  BOOST_TEST(text.find(key_sent) == std::string::npos);
  BOOST_TEST(text.find("horse") == std::string::npos);
  BOOST_TEST((fs::status(file()).permissions() == fs::perms{0600}));
  BOOST_TEST(!fs::exists(file().string() + ".part"));

  missing = {"sha256:" + registry::digest_of(bundles[0]).hex()};
  const auto sent = key_sent;
  BOOST_TEST(cli({"import", "out.petrel", "--passphrase-file", "phrase"}) == 0,
             err.str());
  BOOST_REQUIRE(uploaded.size() == 1);
  BOOST_TEST((uploaded.begin()->second == bundles[0]));
  const json key_line{{"key", sent}};
  BOOST_TEST(imported == key_line.dump() + "\n" + registry_text(true));
  BOOST_TEST(query == "?replace=false");
  BOOST_TEST(printed("2 functions, 1 secrets"));
  BOOST_TEST(printed("missing: faas-cli secret create lost"));
  BOOST_TEST(printed("restart the node"));
  BOOST_TEST(cli({"import", "out.petrel", "--passphrase-file", "phrase",
                  "--replace", "--ca", "--json"})
             == 0);
  BOOST_TEST(query == "?replace=true&ca=true");
  BOOST_TEST(json::parse(out.str())["number"] == 9);
}

BOOST_AUTO_TEST_CASE(a_key_file_and_no_key) {
  BOOST_TEST(cli({"export", "out.petrel", "--key-file", "key", "--json"}) == 0,
             err.str());
  BOOST_TEST(key_sent == std::string(64, 'a'));
  BOOST_TEST(json::parse(out.str())["secrets_left_out"] == false);
  BOOST_TEST(cli({"import", "out.petrel", "--key-file", "key"}) == 0,
             err.str());
  BOOST_TEST(cli({"export", "out.petrel"}) != 0); // it exists
  BOOST_TEST(complained("--force"));
  BOOST_TEST(cli({"export", "out.petrel", "--force"}) == 0, err.str());
  BOOST_TEST(key_sent == "");
  BOOST_TEST(printed("no secrets and no CA"));
  BOOST_TEST(cli({"import", "out.petrel"}) == 0, err.str());
  BOOST_TEST(imported.starts_with("{}\n"));
  BOOST_TEST(printed("those that were here stayed"));
  BOOST_TEST(cli({"import", "out.petrel", "--ca"}) == 2);
  BOOST_TEST(complained("has no CA"));
}

BOOST_AUTO_TEST_CASE(a_wrong_key_sends_nothing) {
  BOOST_REQUIRE(cli({"export", "out.petrel", "--passphrase-file", "phrase"})
                == 0);
  http.sent.clear();
  BOOST_TEST(cli({"import", "out.petrel", "--passphrase-file", "other"}) == 4);
  BOOST_TEST(complained("not the key"));
  BOOST_TEST(cli({"import", "out.petrel", "--key-file", "key"}) == 2);
  BOOST_TEST(complained("sealed with a passphrase"));
  BOOST_TEST(cli({"import", "out.petrel"}) == 2);
  BOOST_TEST(complained("no key"));
  BOOST_TEST(http.sent.empty());
}

BOOST_AUTO_TEST_CASE(a_file_cut_or_changed_anywhere_sends_nothing) {
  BOOST_REQUIRE(cli({"export", "out.petrel", "--key-file", "key"}) == 0);
  const auto whole = read_all(file());
  BOOST_REQUIRE(!!check_copy(file(), {}));
  size_t tried = 0;
  const auto refused = [&](const std::string& bytes, const std::string& how) {
    scratch.write("bad", bytes);
    BOOST_TEST(!check_copy(scratch.path / "bad", {}), how);
    ++tried;
  };
  // Every byte of the lines, and some of the large bundle.
  for (size_t at = 0; at < whole.size(); at += whole[at] == 'a' ? 997 : 1) {
    auto changed = whole;
    changed[at] ^= 8;
    refused(changed, "byte " + std::to_string(at) + " changed");
    refused(whole.substr(0, at), "cut at " + std::to_string(at));
  }
  refused(whole + "x", "longer");
  BOOST_TEST_MESSAGE(tried << " files");
  http.sent.clear();
  scratch.write("bad", whole.substr(0, whole.size() - 20));
  BOOST_TEST(cli({"import", "bad", "--key-file", "key"}) != 0);
  BOOST_TEST(complained("nothing was changed"));
  BOOST_TEST(http.sent.empty());
}

BOOST_AUTO_TEST_CASE(strangers_and_newer_files_are_told_so) {
  scratch.write("text", "hello\n");
  BOOST_TEST(cli({"import", "text"}) == 2);
  BOOST_TEST(complained("no export"));
  scratch.write("newer", "{\"petrel_export\":2}\n");
  BOOST_TEST(cli({"import", "newer"}) != 0);
  BOOST_TEST(complained("newer faas-cli"));
  BOOST_TEST(cli({"import", "absent"}) == 3);
  BOOST_TEST(http.sent.empty());
}

BOOST_AUTO_TEST_CASE(what_goes_wrong_leaves_no_file) {
  const auto path = "/system/bundles/" + registry::digest_of(bundles[0]).hex();
  http.answer("GET " + path, 404, R"({"error":{"code":"not_found",
              "message":"the bundle is not here","next":""}})");
  BOOST_TEST(cli({"export", "out.petrel"}) == 3);
  http.answer("GET " + path, 200, std::string(50'000, 'b')); // other bytes
  BOOST_TEST(cli({"export", "out.petrel"}) != 0);
  BOOST_TEST(complained("other bytes"));
  http.answer("GET " + path, 200, "");
  BOOST_TEST(cli({"export", "out.petrel"}) != 0);
  BOOST_TEST(!fs::exists(file()));
  BOOST_TEST(!fs::exists(file().string() + ".part"));
  BOOST_TEST(cli({"export", "no/such/folder/out"}) == 3);
}

BOOST_AUTO_TEST_CASE(a_registry_that_comes_cut_or_changed_is_no_export) {
  const auto whole = registry_text(false);
  const auto last = whole.rfind('\n', whole.size() - 2) + 1;
  auto changed = whole;
  changed[whole.find("\"f\"") + 1] = 'x';
  for (const auto& text :
       {whole.substr(0, last), whole.substr(0, last - 1), changed,
        whole + "{}\n", std::string{}}) {
    http.routes["POST /system/registry/export"] = [&](const http_request&) {
      return result{http_response{200, {}, text, {}}};
    };
    BOOST_TEST(cli({"export", "out.petrel"}) == 1);
    BOOST_TEST(complained("not whole"));
    BOOST_TEST(!fs::exists(file()));
  }
}

BOOST_AUTO_TEST_CASE(keys_that_others_can_read_or_guess_are_refused) {
  fs::permissions(scratch.path / "phrase", fs::perms{0644});
  BOOST_TEST(cli({"export", "out.petrel", "--passphrase-file", "phrase"}) == 4);
  BOOST_TEST(complained("chmod 600"));
  scratch.write("short", "abc\n");
  fs::permissions(scratch.path / "short", fs::perms{0600});
  BOOST_TEST(cli({"export", "out.petrel", "--passphrase-file", "short"}) == 2);
  BOOST_TEST(cli({"export", "out.petrel", "--key-file", "short"}) == 2);
  BOOST_TEST(cli({"export", "out.petrel", "--key-file", "absent"}) == 3);
  BOOST_TEST(cli({"export", "out.petrel", "--key-file", "key",
                  "--passphrase-file", "other"})
             == 2);
  BOOST_TEST(cli({"export"}) == 2);
  BOOST_TEST(http.sent.empty());
  BOOST_TEST(!fs::exists(file()));
}

BOOST_AUTO_TEST_SUITE_END()
