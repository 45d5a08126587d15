// local-run against a node and a gateway that are not there.
#include "fakes.hpp"
#include "tools/faas-cli/folder_watch.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace faas;
using namespace faas::cli;

namespace {

constexpr const char* shell_manifest = R"(functions:
  count:
    handler: ./count
    petrel: {runtime: process, protocol: fork, command: [wc, -w]}
)";

/// A node that is ready at once, or ends.
class fake_node final : public background {
public:
  explicit fake_node(bool& running, std::optional<int> status)
    : running_(running), status_(status) {
    running_ = true;
  }
  ~fake_node() override { running_ = false; }
  std::optional<int> ended() override { return status_; }

private:
  bool& running_;
  std::optional<int> status_;
};

struct local_fixture : fixture {
  bool running = false;
  std::optional<int> ends_with;
  std::string says = "faas-node\n  gateway   http://127.0.0.1:4711\nready\n";
  fs::path data;
  int looks = 0, deployed = 0;
  std::map<int, std::function<void()>> on_look;

  local_fixture() {
    scratch.write("stack.yml", shell_manifest);
    scratch.write("count/data", "1");
    system.on_start = [this](const auto& words, const fs::path& output) {
      data = output.parent_path();
      std::ofstream{output} << says;
      std::ofstream{data / "admin-token"} << "token\n";
      return result<std::unique_ptr<background>>{
        std::make_unique<fake_node>(running, ends_with)};
    };
    http.routes["GET /system/logs"] = [this](const http_request&) {
      if (const auto found = on_look.find(++looks); found != on_look.end())
        found->second();
      return http_response{200, {}, "", {}};
    };
    const auto put = [this](const http_request&) {
      ++deployed;
      return http_response{
        202, {}, R"({"version": )" + std::to_string(deployed) + "}", {}};
    };
    http.routes["PUT /system/functions"] = put;
    http.routes["GET /system/function/count"] = [this](const http_request&) {
      return http_response{200, {}, status(), {}};
    };
    http.answer("POST /system/bundles/missing", 200, R"({"missing": []})");
    system.on_interrupted = [this] { return looks >= 20; };
  }

  std::string status() const {
    return R"({"name":"count","availableReplicas":1,"petrel":{"version":)"
           + std::to_string(deployed)
           + R"(,"placements":[{"node":"local","state":"ready","version":)"
           + std::to_string(deployed) + "}]}}";
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(local_run_test)

BOOST_FIXTURE_TEST_CASE(it_runs_until_interrupted_and_leaves_nothing,
                        local_fixture) {
  const auto code = cli({"local-run", "--port", "4711"});
  BOOST_TEST(code == 0, err.str());
  BOOST_TEST(printed("count: version 1 on http://127.0.0.1:4711"), out.str());
  BOOST_TEST(deployed == 1);
  BOOST_TEST(!running);
  BOOST_TEST(!data.empty());
  BOOST_TEST(!fs::exists(data));
  const auto& words = system.commands.front();
  BOOST_TEST(words[0] == (system.program_folder() / "faas-node").string());
  BOOST_TEST((std::find(words.begin(), words.end(), "gateway.port=4711")
              != words.end()));
}

BOOST_FIXTURE_TEST_CASE(a_change_is_deployed_once, local_fixture) {
  on_look[5] = [this] { scratch.write("count/data", "12"); };
  BOOST_TEST(cli({"local-run"}) == 0, err.str());
  BOOST_TEST(deployed == 2);
  BOOST_TEST(printed("version 2"), out.str());
}

BOOST_FIXTURE_TEST_CASE(changes_can_be_left_alone, local_fixture) {
  on_look[5] = [this] { scratch.write("count/data", "12"); };
  BOOST_TEST(cli({"local-run", "--no-reload"}) == 0, err.str());
  BOOST_TEST(deployed == 1);
}

BOOST_FIXTURE_TEST_CASE(a_manifest_that_is_broken_is_told_and_mended,
                        local_fixture) {
  on_look[5] = [this] { scratch.write("stack.yml", "functions: [1"); };
  on_look[12] = [this] {
    scratch.write("stack.yml", shell_manifest);
    scratch.write("count/data", "123");
  };
  BOOST_TEST(cli({"local-run"}) == 0, err.str());
  BOOST_TEST(complained("The version before goes on"), err.str());
  BOOST_TEST(printed("version 3"), out.str());
}

BOOST_FIXTURE_TEST_CASE(a_node_that_ends_is_told_with_its_last_lines,
                        local_fixture) {
  says = "cannot listen on port 4711\n";
  ends_with = 1;
  BOOST_TEST(cli({"local-run"}) != 0);
  BOOST_TEST(complained("cannot listen on port 4711"), err.str());
  BOOST_TEST(!fs::exists(data));
}

BOOST_FIXTURE_TEST_CASE(a_node_that_is_never_ready_is_given_up,
                        local_fixture) {
  says = "still starting\n";
  BOOST_TEST(cli({"local-run"}) != 0);
  BOOST_TEST(complained("not ready within 30 s"), err.str());
  BOOST_TEST(!running);
  BOOST_TEST(!fs::exists(data));
}

BOOST_AUTO_TEST_CASE(a_fingerprint_sees_names_sizes_and_times) {
  const scratch_folder scratch;
  scratch.write("a/one", "1");
  const auto mark = [&] {
    return *fingerprint(scratch.path, scratch.path / "a/made.so");
  };
  const auto first = mark();
  BOOST_TEST(mark() == first);
  scratch.write("a/made.so", "library");
  scratch.write(".petrel/x.tar.zst", "bundle");
  scratch.write("a/__pycache__/x.pyc", "cache");
  BOOST_TEST(mark() == first);
  scratch.write("a/two", "");
  const auto second = mark();
  BOOST_TEST(second != first);
  fs::rename(scratch.path / "a/two", scratch.path / "a/three");
  BOOST_TEST(mark() != second);
  fs::remove(scratch.path / "a/three");
  BOOST_TEST(mark() == first);
  scratch.write("a/one", "11");
  const auto longer = mark();
  BOOST_TEST(longer != first);
  fs::last_write_time(scratch.path / "a/one",
                      fs::file_time_type::clock::now()
                        - std::chrono::hours{1});
  BOOST_TEST(mark() != longer);
}

BOOST_AUTO_TEST_CASE(a_folder_with_too_many_files_is_not_watched) {
  const scratch_folder scratch;
  scratch.write("one", "");
  scratch.write("two", "");
  BOOST_TEST(!!fingerprint(scratch.path, "", 2));
  const auto refused = fingerprint(scratch.path, "", 1);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == errc::too_large));
  BOOST_TEST(refused.error().next_step.find("--no-reload") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_gone_has_a_fingerprint) {
  BOOST_TEST(*fingerprint("/nonexistent-petrel", "") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
