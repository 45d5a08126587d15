// Uploads in chunks over connections that break.
#include "fakes.hpp"
#include "tools/faas-cli/table.hpp"
#include "tools/faas-cli/uploader.hpp"
#include "tools/faas-cli/views.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace faas;
using namespace faas::cli;
using namespace std::chrono_literals;

namespace {

constexpr uint64_t chunk = upload_chunk_bytes;

/// A gateway that keeps what it gets.
struct uploads : fixture {
  std::string content = std::string(2 * chunk + 1000, 'x');
  std::string kept;
  bool complete = false;
  bundle_file bundle;
  /// What happens to the n-th chunk (from 1) before it is kept.
  std::function<std::optional<result<http_response>>(int)> fault;
  int chunks = 0;
  std::vector<uint64_t> offsets;

  uploads() {
    scratch.write("b.tar.zst", content);
    bundle = {scratch.path / "b.tar.zst", {}, content.size(), 0, 0};
    http.routes["POST /system/bundles/missing"]
      = [this](const http_request&) -> result<http_response> {
      json out{{"missing", json::array()}};
      if (!complete)
        out["missing"].push_back({{"digest", "sha256:" + bundle.id.hex()},
                                  {"offset", kept.size()}});
      return http_response{200, {}, out.dump(), {}};
    };
    http.routes["PATCH /system/bundles/" + bundle.id.hex()]
      = [this](const http_request& request) { return take(request); };
  }
  static std::string header(const http_request& request,
                            const std::string& name) {
    for (const auto& [key, value] : request.headers)
      if (key == name)
        return value;
    return {};
  }
  result<http_response> take(const http_request& request) {
    const auto offset = std::stoull(header(request, "Upload-Offset"));
    offsets.push_back(offset);
    BOOST_TEST(header(request, "Upload-Length")
               == std::to_string(content.size()));
    ++chunks;
    if (fault)
      if (auto what = fault(chunks))
        return *what;
    if (offset != kept.size())
      return http_response{409, {}, "", {}};
    kept += request.body;
    complete = kept.size() == content.size();
    return http_response{complete ? 201 : 200, {}, "{}", {}};
  }
  result<bool> upload() {
    session s{system, http, in, out, err, {}};
    endpoint target;
    target.url = "http://127.0.0.1:1";
    gateway_api gateway{s, target, {}};
    return upload_missing(s, gateway, "f", {bundle});
  }
};

result<http_response> broken() {
  return error{errc::outcome_unknown, "the connection broke"};
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(uploader_test, uploads)

  BOOST_AUTO_TEST_CASE(a_bundle_goes_in_chunks) {
    const auto done = upload();
    BOOST_REQUIRE(done);
    BOOST_TEST(*done);
    BOOST_TEST((kept == content));
    BOOST_TEST((offsets == std::vector<uint64_t>{0, chunk, 2 * chunk}));
    BOOST_TEST(!*upload()); // it is there now
    BOOST_TEST(chunks == 3);
    BOOST_TEST(system.slept.empty());
  }

  BOOST_AUTO_TEST_CASE(it_begins_where_another_upload_stopped) {
    kept = content.substr(0, 777);
    BOOST_REQUIRE(upload());
    BOOST_TEST((kept == content));
    BOOST_TEST(offsets.front() == 777u);
  }

  BOOST_AUTO_TEST_CASE(after_a_broken_connection_it_asks_and_goes_on) {
    fault = [this](int n) -> std::optional<result<http_response>> {
      if (n != 2)
        return std::nullopt;
      kept += content.substr(chunk, 5000); // so much came through
      return broken();
    };
    BOOST_REQUIRE(upload());
    BOOST_TEST((kept == content));
    BOOST_TEST((offsets == std::vector<uint64_t>{0, chunk, chunk + 5000}));
  }

  BOOST_AUTO_TEST_CASE(a_chunk_that_was_kept_though_its_answer_was_lost) {
    fault = [this](int n) -> std::optional<result<http_response>> {
      if (n != 3)
        return std::nullopt;
      kept = content;
      complete = true;
      return broken();
    };
    BOOST_REQUIRE(upload());
    BOOST_TEST(chunks == 3);
  }

  BOOST_AUTO_TEST_CASE(a_node_that_restarts_is_waited_for) {
    fault = [](int n) -> std::optional<result<http_response>> {
      if (n < 2 || n > 5)
        return std::nullopt;
      return result<http_response>{errc::unavailable, "connection refused"};
    };
    BOOST_REQUIRE(upload());
    BOOST_TEST((kept == content));
    BOOST_TEST(system.slept.size() == 4u);
  }

  BOOST_AUTO_TEST_CASE(without_anything_new_it_ends_and_says_how_to_go_on) {
    fault = [](int n) -> std::optional<result<http_response>> {
      return n == 1 ? std::nullopt : std::optional{broken()};
    };
    const auto done = upload();
    BOOST_REQUIRE(!done);
    BOOST_TEST((done.error().code == errc::outcome_unknown));
    BOOST_TEST(done.error().next_step.find("goes on where it stopped")
               != std::string::npos);
    BOOST_TEST((system.time.time_since_epoch() <= upload_patience));
    BOOST_TEST(kept.size() == chunk);
  }

  BOOST_AUTO_TEST_CASE(two_that_upload_the_same_share_the_work) {
    fault = [this](int n) -> std::optional<result<http_response>> {
      if (n == 2) { // the other one was faster
        kept = content.substr(0, 2 * chunk);
        return http_response{409, {}, "", {}};
      }
      return std::nullopt;
    };
    BOOST_REQUIRE(upload());
    BOOST_TEST((kept == content));
    BOOST_TEST((offsets == std::vector<uint64_t>{0, chunk, 2 * chunk}));
  }

  BOOST_AUTO_TEST_CASE(what_cannot_pass_ends_it_at_once) {
    for (const auto status : {422, 507, 413, 401}) {
      fault = [=](int) -> std::optional<result<http_response>> {
        return http_response{status, {}, "no", {}};
      };
      chunks = 0;
      BOOST_TEST(!upload());
      BOOST_TEST(chunks == 1);
    }
    BOOST_TEST(system.slept.empty());
  }

  BOOST_AUTO_TEST_CASE(an_older_gateway_gets_the_whole_bundle) {
    http.routes.clear();
    const auto path = "/system/bundles/" + bundle.id.hex();
    http.routes["PUT " + path] = [](const http_request&) {
      return http_response{201, {}, "", {}};
    };
    BOOST_REQUIRE(upload());
    BOOST_REQUIRE(http.sent.size() == 3);
    BOOST_TEST(http.sent[1].method == "HEAD");
    BOOST_TEST(http.sent[2].body_file == bundle.file);
  }

  BOOST_AUTO_TEST_CASE(bundles_are_listed_and_collected) {
    const std::string body
      = R"({"bundles":[{"digest":"sha256:0123456789abcdef","packed":1000,)"
        R"("unpacked":500,"age_s":7300,"fate":"unused","users":[],)"
        R"("because":[],"removed":true},{"digest":"sha256:ffff","packed":1,)"
        R"("unpacked":0,"age_s":5,"fate":"needed","users":["f:1"],)"
        R"("because":["current version of f"],"removed":false}],)"
        R"("uploads":[{"digest":"sha256:aaaa","received":5,"total":10}],)"
        R"("bytes":1501,"freed":1500,"quota":0})";
    http.answer("GET /system/bundles", 200, body);
    BOOST_TEST(cli({"bundles", "list"}) == 0, err.str());
    BOOST_TEST(printed("sha256:0123456789ab"));
    BOOST_TEST(printed("current version of f"));
    BOOST_TEST(printed("unfinished: sha256:aaaa, 5 B of 10 B"));
    BOOST_TEST(cli({"bundles", "list", "--json"}) == 0);
    BOOST_TEST(json::parse(out.str()) == json::parse(body));
    http.answer("POST /system/bundles/gc", 200, body);
    BOOST_TEST(cli({"bundles", "gc", "--dry-run"}) == 0, err.str());
    BOOST_TEST(http.sent.back().url.ends_with("/gc?dry_run=true"));
    BOOST_TEST(printed("would free 1.5 KB"));
    BOOST_TEST(!printed("current version"));
    BOOST_TEST(cli({"bundles", "gc"}) == 0);
    BOOST_TEST(http.sent.back().url.ends_with("/gc"));
    BOOST_TEST(printed("freed 1.5 KB"));
    BOOST_TEST(cli({"bundles", "burn"}) == 2);
    BOOST_TEST(cli({"bundles", "list", "--dry-run"}) == 2);
    BOOST_TEST(cli({"bundles"}) == 2);
  }

  BOOST_AUTO_TEST_SUITE_END()
