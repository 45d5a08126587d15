// Uploads in parts, what is missing, collection: over real sockets.
#include "tests/integration/gateway/server_fixture.hpp"

using namespace faas;
using namespace faas::test;

namespace {

/// The fake store accepts a digest whose first byte is the body's length.
std::string digest_for(size_t length) {
  char text[3];
  std::snprintf(text, sizeof text, "%02x", static_cast<unsigned>(length % 256));
  return text + std::string(62, 'a');
}

struct bundles_fixture : server_fixture {
  http_answer missing(const std::string& name) {
    return admin_call("POST", "/system/bundles/missing",
                      R"({"bundles":["sha256:)" + name + R"("]})");
  }
  http_answer patch(const std::string& name, size_t offset,
                    std::string_view bytes, size_t total) {
    return patch_with(name, bytes,
                      "Upload-Offset: " + std::to_string(offset)
                        + "\r\nUpload-Length: " + std::to_string(total)
                        + "\r\n");
  }
  http_answer patch_with(const std::string& name, std::string_view bytes,
                         const std::string& headers) {
    auto client = connect();
    return client.request("PATCH", "/system/bundles/" + name, bytes,
                          std::string{bearer} + headers);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(bundles_api_test, bundles_fixture)

  BOOST_AUTO_TEST_CASE(an_upload_in_parts_goes_on_where_it_stopped) {
    start();
    const std::string body(700'000, 'z');
    const std::string_view all{body};
    const auto name = digest_for(body.size());
    BOOST_TEST(missing(name).body.find(R"("offset":0)") != std::string::npos);
    auto answer = patch(name, 0, all.substr(0, 300'000), all.size());
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.header("upload-offset") == "300000");
    BOOST_TEST(missing(name).body.find(R"("offset":300000)")
               != std::string::npos);
    answer = patch(name, 0, all.substr(0, 10), all.size());
    BOOST_TEST(answer.status == 409);
    BOOST_TEST(answer.header("upload-offset") == "300000");
    answer = patch(name, 300'000, all.substr(300'000), all.size());
    BOOST_TEST(answer.status == 201);
    BOOST_REQUIRE(bundles.stored.size() == 1);
    BOOST_TEST((bundles.stored.begin()->second == body));
    BOOST_TEST(missing(name).body == "{\"missing\":[]}\n");
    BOOST_TEST(bundles.touched.size() == 1u);
    BOOST_TEST(patch(name, 0, "x", 1).status == 200); // it is there already
  }

  BOOST_AUTO_TEST_CASE(a_part_without_a_body_asks_to_complete) {
    start();
    const auto name = digest_for(3);
    BOOST_TEST(patch(name, 0, "abc", 4).status == 200);
    bundles.totals.clear();
    BOOST_TEST(patch(name, 3, "", 3).status == 201);
    BOOST_TEST(bundles.stored.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(a_part_that_breaks_off_ends_its_upload) {
    start();
    const auto name = digest_for(900'000);
    auto leaver = connect();
    leaver.send("PATCH /system/bundles/" + name + " HTTP/1.1\r\nHost: h\r\n"
                + std::string{bearer}
                + "Upload-Offset: 0\r\nUpload-Length: 900000\r\n"
                  "Content-Length: 900000\r\n\r\n"
                + std::string(500'000, 'x'));
    leaver.close();
    BOOST_TEST(eventually([&] { return bundles.dropped.load() > 0; }));
  }

  BOOST_AUTO_TEST_CASE(malformed_parts_and_questions_are_refused) {
    start();
    const auto name = digest_for(3);
    for (const auto headers :
         {"", "Upload-Offset: 0\r\n", "Upload-Length: 3\r\n",
          "Upload-Offset: x\r\nUpload-Length: 3\r\n",
          "Upload-Offset: -1\r\nUpload-Length: 3\r\n",
          "Upload-Offset: 4\r\nUpload-Length: 3\r\n"})
      BOOST_TEST(patch_with(name, "abc", headers).status == 400, headers);
    BOOST_TEST(patch("xyz", 0, "abc", 3).status == 400);
    for (const auto body : {"", "[]", "{}", R"({"bundles":1})",
                            R"({"bundles":[1]})", R"({"bundles":["abc"]})"})
      BOOST_TEST(admin_call("POST", "/system/bundles/missing", body).status
                   == 400,
                 body);
    std::string many = R"({"bundles":[)";
    for (int i = 0; i < 257; ++i)
      many += (i ? ",\"" : "\"") + name + "\"";
    BOOST_TEST(admin_call("POST", "/system/bundles/missing", many + "]}").status
               == 413);
    auto client = connect();
    BOOST_TEST(client.request("POST", "/system/bundles/missing", "{}").status
               == 401);
    BOOST_TEST(bundles.stored.empty());
  }

  BOOST_AUTO_TEST_CASE(a_full_quota_refuses_uploads_before_they_are_kept) {
    start();
    admin.no_room = error{errc::storage_full, "no room", "see bundles list"};
    const auto path = "/system/bundles/" + digest_for(3);
    const auto answer = admin_call("PUT", path, "abc");
    BOOST_TEST(answer.status == 507);
    BOOST_TEST(answer.body.find("see bundles list") != std::string::npos);
    BOOST_TEST(patch(digest_for(3), 0, "abc", 3).status == 507);
    BOOST_TEST(bundles.stored.empty());
    BOOST_TEST(bundles.parts.empty());
    BOOST_REQUIRE(admin.collected.size() == 2);
    BOOST_TEST(admin.collected[1].need == 3u);
    admin.no_room.reset();
    BOOST_TEST(admin_call("PUT", path, "abc").status == 201);
  }

  BOOST_AUTO_TEST_CASE(bundles_are_listed_and_collected) {
    start();
    bundle_status one;
    one.packed = 10;
    one.fate = bundle_fate::spare;
    one.users = {"hello:1"};
    one.because = {"older version of hello"};
    admin.kept.bundles = {one};
    admin.kept.uploads = {{digest{}, 1, 2, {}}};
    const auto list = admin_call("GET", "/system/bundles");
    BOOST_TEST(list.status == 200);
    for (const auto text : {R"("fate":"spare")", R"("users":["hello:1"])",
                            R"("received":1)", R"("quota":0)"})
      BOOST_TEST(list.body.find(text) != std::string::npos, list.body);
    BOOST_TEST(admin_call("POST", "/system/bundles/gc?dry_run=true").status
               == 200);
    BOOST_TEST(admin_call("POST", "/system/bundles/gc").status == 200);
    BOOST_TEST(admin_call("POST", "/system/bundles/gc?dry_run=no").status
               == 400);
    BOOST_TEST(admin_call("GET", "/system/bundles/gc").status == 405);
    using action = bundles_command::action;
    BOOST_REQUIRE(admin.collected.size() == 3);
    BOOST_TEST((admin.collected[0].what == action::list));
    BOOST_TEST((admin.collected[1].what == action::plan));
    BOOST_TEST((admin.collected[2].what == action::collect));
  }

  BOOST_AUTO_TEST_SUITE_END()
