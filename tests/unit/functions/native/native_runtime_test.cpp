#include "functions/native/native_runtime.hpp"

#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace std::chrono_literals;

namespace {

struct fake_context final : invocation_context {
  bool cancelled() const noexcept override { return gone; }
  duration remaining() const noexcept override { return 1500ms; }
  void log(log_level level, std::string_view text) noexcept override {
    lines.emplace_back(level, text);
  }
  bool gone = false;
  std::vector<std::pair<log_level, std::string>> lines;
};

struct fixture {
  native::native_runtime runtime;
  function_spec spec;
  fake_context context;
  invocation event;
  std::shared_ptr<secret_folder> secrets;
  std::unique_ptr<function_module> module;
  std::unique_ptr<function_instance> instance;

  fixture() {
    spec.petrel.max_body_bytes = 5000;
    event.id = {0x0123456789abcdef, 0xfedcba9876543210};
  }

  result<void> load(const std::string& artifact) {
    spec.petrel.artifact = artifact;
    auto loaded
      = runtime.load({{function_name{"f"}, 1}, spec, PETREL_TEST_FUNCTIONS});
    if (!loaded)
      return loaded.error();
    module = std::move(*loaded);
    auto made = module->create_instance();
    if (!made)
      return made.error();
    instance = std::move(*made);
    return {};
  }

  /// The function "secret" with the secret "db", whose value is "one".
  void load_with_secret(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    std::ofstream{folder / "db"} << "one";
    secrets = std::make_shared<secret_folder>(folder,
                                              std::set<std::string>{"db"});
    spec.environment = {{"SECRET", "db"}};
    spec.petrel.artifact = "secret.so";
    auto loaded = runtime.load(
      {{function_name{"f"}, 1}, spec, PETREL_TEST_FUNCTIONS, secrets});
    BOOST_REQUIRE(loaded);
    module = std::move(*loaded);
    instance = std::move(*module->create_instance());
  }
  std::string ask(std::string body) {
    event.body = blob{std::move(body)};
    const auto answer = instance->invoke(event, context);
    BOOST_TEST((answer.code == errc::ok));
    return std::string{answer.body.view()};
  }

  reply run(const std::string& artifact, std::string body) {
    if (!instance)
      BOOST_REQUIRE(bool(load(artifact)));
    event.body = blob{std::move(body)};
    return instance->invoke(event, context);
  }
  reply raw(std::string body) { return run("raw_table.so", std::move(body)); }
  reply misbehave(std::string body) {
    return run("misbehave.so", std::move(body));
  }

  void fails(const reply& answer, std::string_view part) {
    BOOST_TEST((answer.code == errc::function_failed));
    BOOST_TEST(answer.status == 500);
    BOOST_TEST_CONTEXT(answer.message << " should contain " << part)
    BOOST_TEST((answer.message.find(part) != std::string::npos));
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(native_runtime_test, fixture)

  BOOST_AUTO_TEST_CASE(answers_with_what_the_function_returned) {
    const auto answer = run("hello.so", "world");
    BOOST_TEST((answer.code == errc::ok));
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.body.view() == "Hello, world!\n");
    BOOST_TEST(answer.content_type == "text/plain; charset=utf-8");
  }

  BOOST_AUTO_TEST_CASE(keeps_state_per_instance) {
    BOOST_TEST(misbehave("calls").body.view() == "1");
    BOOST_TEST(misbehave("calls").body.view() == "2");
    auto other = module->create_instance();
    BOOST_REQUIRE(other);
    BOOST_TEST((*other)->invoke(event, context).body.view() == "1");
  }

  BOOST_AUTO_TEST_CASE(shows_the_event_to_the_function) {
    event.headers = {{"Accept", "*/*"}, {"X-Test", "seen"}};
    const auto answer = misbehave("header");
    BOOST_TEST(answer.body.view() == "seen");
    BOOST_REQUIRE(find_header(answer.headers, "x-made-by"));
    BOOST_TEST(*find_header(answer.headers, "x-made-by") == "misbehave");
    BOOST_TEST(misbehave("remaining").body.view() == "1500");
    instance.reset();
    BOOST_TEST(raw("call-id").body.view() == event.id.to_string());
  }

  BOOST_AUTO_TEST_CASE(reports_what_a_function_throws) {
    fails(misbehave("throw"), "thrown on purpose");
    BOOST_REQUIRE(context.lines.size() == 1);
    BOOST_TEST((context.lines[0].first == log_level::error));
    BOOST_TEST(context.lines[0].second == "thrown on purpose");
    fails(misbehave("throw-int"), "no std::exception");
  }

  BOOST_AUTO_TEST_CASE(catches_what_escapes_through_the_abi) {
    fails(raw("escape"), "crossed the border");
    fails(raw("escape-int"), "no std::exception");
    BOOST_TEST(raw("still alive").body.view() == "still alive");
  }

  BOOST_AUTO_TEST_CASE(names_the_code_of_a_failure) {
    fails(raw("code"), "code 7");
  }

  BOOST_AUTO_TEST_CASE(refuses_a_second_answer) {
    fails(raw("twice"), "answered twice");
  }

  BOOST_AUTO_TEST_CASE(refuses_a_status_after_the_first_part) {
    fails(raw("late-start"), "after it had written");
  }

  BOOST_AUTO_TEST_CASE(reports_a_function_that_never_answers) {
    fails(raw("silent"), "without an answer");
  }

  BOOST_AUTO_TEST_CASE(takes_an_empty_body_with_a_status) {
    const auto answer = raw("empty");
    BOOST_TEST((answer.code == errc::ok));
    BOOST_TEST(answer.status == 204);
    BOOST_TEST(answer.body.empty());
  }

  BOOST_AUTO_TEST_CASE(takes_parts_without_a_status_as_200) {
    const auto answer = raw("no-start");
    BOOST_TEST((answer.code == errc::ok));
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.body.view() == "bare");
  }

  BOOST_AUTO_TEST_CASE(bounds_the_answer) {
    fails(raw("parts"), "larger than 5000 bytes");
    fails(raw("ignore-refusal"), "larger than 5000 bytes");
    instance.reset();
    BOOST_TEST((misbehave("huge 5000").code == errc::ok));
    fails(misbehave("huge 5001"), "larger than 5000 bytes");
  }

  BOOST_AUTO_TEST_CASE(joins_parts_into_one_body) {
    spec.petrel.max_body_bytes = 10'000;
    const auto answer = raw("parts");
    BOOST_TEST((answer.code == errc::ok));
    BOOST_TEST(answer.status == 201);
    BOOST_TEST(answer.body.size() == 10'000u);
  }

  BOOST_AUTO_TEST_CASE(refuses_further_parts_once_cancelled) {
    context.gone = true;
    fails(raw("parts"), "code 3"); // the function saw the refusal
  }

  BOOST_AUTO_TEST_CASE(takes_null_parts_as_empty) {
    const auto answer = raw("null-parts");
    BOOST_TEST((answer.code == errc::ok));
    BOOST_TEST(answer.body.empty());
  }

  BOOST_AUTO_TEST_CASE(refuses_bad_status_and_headers) {
    fails(misbehave("status 99"), "status 99");
    fails(misbehave("status 600"), "status 600");
    fails(misbehave("bad-header"), "no valid HTTP header");
    BOOST_TEST(misbehave("status 404").status == 404);
  }

  BOOST_AUTO_TEST_CASE(reports_memory_that_is_not_there) {
    // vector's own limit, so that no sanitizer sees an attempt
    fails(misbehave("allocate -1"), "vector");
  }

  BOOST_AUTO_TEST_CASE(cuts_long_log_lines) {
    misbehave("log-long");
    BOOST_REQUIRE(context.lines.size() == 1);
    BOOST_TEST(context.lines[0].second.size() == limits::log_line_bytes);
    misbehave("log");
    BOOST_TEST((context.lines[1].first == log_level::warning));
  }

  BOOST_AUTO_TEST_CASE(passes_on_why_an_instance_could_not_be_made) {
    spec.environment["NEEDED"] = "token";
    const auto loaded = load("bad_create.so");
    BOOST_REQUIRE(!loaded);
    BOOST_TEST((loaded.error().code == errc::bad_bundle));
    BOOST_TEST(
      (loaded.error().message.find("no token for f") != std::string::npos));
  }

  BOOST_AUTO_TEST_CASE(instances_outlive_their_module) {
    BOOST_REQUIRE(bool(load("hello.so")));
    module.reset();
    event.body = blob{std::string{"you"}};
    BOOST_TEST(instance->invoke(event, context).body.view() == "Hello, you!\n");
  }

  BOOST_AUTO_TEST_CASE(a_function_finds_its_secrets) {
    const testing::scratch_folder folder;
    load_with_secret(folder / std::string(300, 'x').substr(0, 200));
    BOOST_TEST(ask("begun") == "one");
    BOOST_TEST(ask("now") == "one");
    BOOST_TEST(ask("path")
               == (folder / std::string(200, 'x') / "db").string());
    BOOST_TEST(ask("other").empty()); // its manifest does not name it
  }

  BOOST_AUTO_TEST_CASE(a_long_path_is_whole) {
    const testing::scratch_folder folder;
    const auto deep = folder / std::string(200, 'x') / std::string(200, 'y');
    load_with_secret(deep);
    BOOST_TEST(ask("path") == (deep / "db").string());
    BOOST_TEST(ask("begun") == "one");
  }

  BOOST_AUTO_TEST_CASE(an_instance_is_told_before_its_next_event) {
    const testing::scratch_folder folder;
    load_with_secret(folder.path());
    BOOST_TEST(ask("told").empty());
    secrets->changed("db");
    BOOST_TEST(ask("told") == "db");
    BOOST_TEST(ask("told") == "db"); // once
    secrets->changed("db");
    secrets->changed("db");
    BOOST_TEST(ask("told") == "db,db"); // of the last change only
    // One made later has seen it all.
    instance = std::move(*module->create_instance());
    BOOST_TEST(ask("told").empty());
    secrets->changed("db");
    BOOST_TEST(ask("told") == "db");
  }

  BOOST_AUTO_TEST_CASE(functions_that_cannot_be_told_go_on) {
    secrets = std::make_shared<secret_folder>("/", std::set<std::string>{"a"});
    for (const char* artifact : {"first_abi.so", "raw_table.so", "hello.so"}) {
      spec.petrel.artifact = artifact;
      auto loaded = runtime.load(
        {{function_name{"f"}, 1}, spec, PETREL_TEST_FUNCTIONS, secrets});
      BOOST_REQUIRE(loaded);
      auto one = std::move(*(*loaded)->create_instance());
      secrets->changed("a");
      event.body = blob{std::string{"no-start"}};
      BOOST_TEST((one->invoke(event, context).code == errc::ok), artifact);
    }
  }

  BOOST_AUTO_TEST_CASE(tells_its_abi) {
    BOOST_REQUIRE(bool(load("hello.so")));
    BOOST_TEST(module->facts().at("abi") == "1");
  }

  BOOST_AUTO_TEST_SUITE_END()
