// The registry as text, out and in: over real sockets, with the real text.
#include "registry/copy/porter.hpp"
#include "tests/integration/gateway/server_fixture.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/memory_trust_store.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace faas;
using namespace faas::test;

namespace {

const std::string key(64, 'b');
const std::string key_line = "{\"key\":\"" + key + "\"}\n";

struct registry_fixture : server_fixture {
  faas::testing::scratch_folder folder{faas::testing::memory_folder()};
  memory_trust_store trust;
  registry::porter porter{registry::porter_options{&trust, folder.path(), 3}};

  /// A piece of a client that left may still be worked on.
  ~registry_fixture() {
    if (server)
      server->stop({});
    server.reset();
  }

  void start_with_porter() { start_with_porter(porter); }
  void start_with_porter(registry_porter& with) {
    BOOST_REQUIRE(trust.authority(
      [] { return result{trust::authority_keys{"c-1", "K", "C"}}; }));
    auto made = http::http_server::start(
      config, {functions,
               admin,
               bundles,
               clock,
               [](std::string_view token) { return token == "secret"; },
               {},
               nullptr,
               &with});
    BOOST_REQUIRE(made);
    server = std::move(*made);
  }
  /// One function, its bundle of three bytes, one secret.
  void fill() {
    auto command = faas::testing::deploy_of("f", 3);
    command.bundle.bytes[0] = 3;
    apply(admin.copy.catalog, *plan(admin.copy.catalog, command, {}));
    bundles.stored[command.bundle] = "abc";
    admin.copy.secrets.at.number = 4;
    admin.copy.secrets.secrets[secret_name{"s"}]
      = *(*porter.sealer_of(key))->seal(secret_name{"s"}, 2, "value");
  }
  std::string exported(const std::string& body = "{\"key\":\"" + key + "\"}") {
    const auto answer = admin_call("POST", "/system/registry/export", body);
    BOOST_REQUIRE(answer.status == 200);
    return answer.body;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(registry_api_test, registry_fixture)

  BOOST_AUTO_TEST_CASE(a_registry_goes_out_and_in) {
    start_with_porter();
    fill();
    const auto text = exported();
    BOOST_TEST(text.find("\"secret\":\"s\"") != std::string::npos);
    BOOST_TEST(text.find("\"trust\":\"ca\"") != std::string::npos);
    BOOST_TEST(text.find("\"record\":3}") != std::string::npos); // its bundle
    BOOST_TEST(exported("{}").find("\"secret\":\"s\"") == std::string::npos);
    const auto answer
      = admin_call("PUT", "/system/registry?replace=true", key_line + text);
    BOOST_TEST(answer.status == 200, answer.body);
    BOOST_TEST(answer.body.find("\"functions\":1") != std::string::npos);
    BOOST_REQUIRE(admin.replaced.size() == 1);
    const auto& command = admin.replaced[0];
    BOOST_TEST(command.replace);
    BOOST_TEST(command.history.size() == 36u);
    BOOST_TEST((command.copy->catalog == admin.copy.catalog));
    BOOST_TEST((command.copy->secrets.secrets == admin.copy.secrets.secrets));
    BOOST_TEST(bundles.touched.size() == 1u); // collection spares it
  }

  BOOST_AUTO_TEST_CASE(what_is_cut_changed_or_incomplete_changes_nothing) {
    start_with_porter();
    fill();
    const auto text = exported();
    const auto put = [&](const std::string& body) {
      return admin_call("PUT", "/system/registry", body);
    };
    BOOST_TEST(put(key_line + text.substr(0, text.size() / 2)).status == 422);
    auto changed = text;
    changed[text.find("libf.so")] = 'm';
    BOOST_TEST(put(key_line + changed).status == 422);
    BOOST_TEST(put(text).status == 400); // no key line
    BOOST_TEST(put("").status == 422);
    BOOST_TEST(put("{\"key\":\"short\"}\n" + text).status == 400);
    BOOST_TEST(put(std::string(5000, 'x')).status == 400);
    BOOST_TEST(put("{}\nhello\n").status == 400);
    bundles.stored.clear();
    const auto without = put(key_line + text);
    BOOST_TEST(without.status == 409);
    BOOST_TEST(without.body.find("1 bundles of the copy") != std::string::npos);
    BOOST_TEST(admin.replaced.empty());
  }

  BOOST_AUTO_TEST_CASE(large_copies_come_in_pieces) {
    start_with_porter();
    fill();
    for (int i = 0; i < 3000; ++i) {
      auto command = faas::testing::deploy_of("f" + std::to_string(i), 3);
      command.spec.labels["padding"] = std::string(500, 'p');
      apply(admin.copy.catalog, *plan(admin.copy.catalog, command, {}));
      bundles.stored[command.bundle] = "abc";
    }
    const auto text = exported();
    BOOST_TEST(text.size() > 1'500'000u);
    BOOST_TEST(admin_call("PUT", "/system/registry", key_line + text).status
               == 200);
    BOOST_TEST(admin.replaced[0].copy->catalog.functions.size() == 3001u);
  }

  BOOST_AUTO_TEST_CASE(a_client_that_leaves_changes_nothing) {
    start_with_porter();
    fill();
    const auto body = key_line + exported();
    auto leaver = connect();
    leaver.send("PUT /system/registry HTTP/1.1\r\nHost: h\r\n"
                + std::string{bearer} + "Content-Length: "
                + std::to_string(body.size()) + "\r\n\r\n"
                + body.substr(0, body.size() - 1));
    leaver.close();
    BOOST_TEST(admin_call("GET", "/system/functions").status == 200);
    BOOST_TEST(admin.replaced.empty());
  }

  BOOST_AUTO_TEST_CASE(the_authority_is_taken_over_when_told_so) {
    start_with_porter();
    fill();
    const auto text = exported();
    // Its own one: nothing waits for a restart.
    auto answer
      = admin_call("PUT", "/system/registry?ca=true", key_line + text);
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.body.find("\"ca\"") == std::string::npos);
    memory_trust_store other;
    BOOST_REQUIRE(other.authority(
      [] { return result{trust::authority_keys{"c-2", "K", "D"}}; }));
    registry::porter elsewhere{registry::porter_options{&other, {}, 9}};
    auto copy = admin.copy;
    copy.has_secrets = true;
    copy.trust = *elsewhere.copy_trust(**porter.sealer_of(key));
    const auto foreign
      = elsewhere.write(copy, [](auto&) { return std::nullopt; });
    answer
      = admin_call("PUT", "/system/registry?ca=true", key_line + foreign);
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.body.find("\"ca\":\"c-2\"") != std::string::npos,
               answer.body);
    BOOST_TEST(std::filesystem::exists(folder / "restored.json"));
    // Without a key there is none.
    BOOST_TEST(admin_call("PUT", "/system/registry?ca=true",
                          "{}\n" + exported("{}"))
                 .status
               == 400);
  }

  BOOST_AUTO_TEST_CASE(an_authority_that_others_share_is_refused_before_all) {
    registry::porter shared{registry::porter_options{&trust, {}, 3}};
    start_with_porter(shared);
    fill();
    const auto body = key_line + exported();
    const auto answer = admin_call("PUT", "/system/registry?ca=true", body);
    BOOST_TEST(answer.status == 403);
    BOOST_TEST(answer.body.find("without --ca") != std::string::npos,
               answer.body);
    BOOST_TEST(admin.replaced.empty());
    BOOST_TEST(admin_call("PUT", "/system/registry", body).status == 200);
  }

  BOOST_AUTO_TEST_CASE(bundles_are_read_in_parts) {
    start_with_porter();
    digest id;
    id.bytes[0] = 1;
    bundles.stored[id] = std::string(9 * limits::mib, 'x') + "end";
    const auto path = "/system/bundles/" + id.hex();
    auto part = admin_call("GET", path);
    BOOST_TEST(part.status == 200);
    BOOST_TEST(part.body.size() == 8 * limits::mib);
    BOOST_TEST(part.header("bundle-length")
               == std::to_string(9 * limits::mib + 3));
    part = admin_call("GET", path + "?offset=" + std::to_string(9 * limits::mib));
    BOOST_TEST(part.body == "end");
    BOOST_TEST(admin_call("GET", path + "?offset=99999999").status == 400);
    BOOST_TEST(admin_call("GET", path + "?offset=-1").status == 400);
    BOOST_TEST(admin_call("GET", "/system/bundles/" + digest{}.hex()).status
               == 404);
    BOOST_TEST(admin_call("GET", "/system/bundles/xyz").status == 400);
  }

  BOOST_AUTO_TEST_CASE(only_the_administrator_gets_or_changes_anything) {
    start_with_porter();
    fill();
    auto client = connect();
    for (const auto& [method, path] :
         {std::pair{"POST", "/system/registry/export"},
          {"PUT", "/system/registry"},
          {"GET", "/system/bundles/abc"}})
      BOOST_TEST(client.request(method, path, "{}").status == 401, path);
    BOOST_TEST(admin_call("GET", "/system/registry").status == 405);
  }

  BOOST_AUTO_TEST_CASE(a_node_without_the_registry_says_so) {
    start();
    BOOST_TEST(admin_call("POST", "/system/registry/export", "{}").status
               == 503);
    BOOST_TEST(admin_call("PUT", "/system/registry", "{}\n").status == 503);
  }

  BOOST_AUTO_TEST_SUITE_END()
