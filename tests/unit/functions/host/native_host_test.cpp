// Real libraries that misbehave, run by a node's hosts.
#include "functions/native/native_runtime.hpp"
#include "tests/unit/functions/host/host_fixture.hpp"

#include <dlfcn.h>

using namespace faas;
using namespace faas::test;

namespace {

struct native_fixture : host_fixture {
  native_fixture() {
    hosts = std::make_unique<host::node_function_hosts>(config);
    hosts->add_runtime(runtime_kind::native,
                       []() -> result<std::unique_ptr<function_runtime>> {
                         std::unique_ptr<function_runtime> made
                           = std::make_unique<native::native_runtime>();
                         return made;
                       });
  }
  host_request library(const std::string& artifact) {
    auto from = request("f");
    from.folder = PETREL_TEST_FUNCTIONS;
    from.spec.petrel.artifact = artifact;
    return from;
  }
  /// Whether the loader still has the library.
  static bool is_loaded(const std::string& artifact) {
    const auto path = std::string{PETREL_TEST_FUNCTIONS} + "/" + artifact;
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
    if (handle)
      dlclose(handle);
    return handle != nullptr;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(native_host_test, native_fixture)

  BOOST_AUTO_TEST_CASE(runs_a_library_and_unloads_it) {
    auto host = open_ready(library("hello.so"));
    BOOST_TEST(call(*host, "you").body.view() == "Hello, you!\n");
    BOOST_TEST(is_loaded("hello.so"));
    close(host, "f");
    BOOST_TEST(!is_loaded("hello.so"));
  }

  BOOST_AUTO_TEST_CASE(a_bad_library_is_reported_by_loaded) {
    auto host = open(library("no_table.so"));
    BOOST_REQUIRE(!told["f"].loaded[0]);
    BOOST_TEST((told["f"].loaded[0].error().code == errc::bad_bundle));
  }

  BOOST_AUTO_TEST_CASE(an_untrusted_bundle_is_refused_at_once) {
    config.trust.trust_all = false;
    hosts = std::make_unique<host::node_function_hosts>(config);
    hosts->add_runtime(runtime_kind::native, nullptr);
    const auto refused = hosts->open(library("hello.so"), {});
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::forbidden));
  }

  BOOST_AUTO_TEST_CASE(a_runtime_that_is_not_built_in_is_named) {
    auto from = library("model.pt");
    from.spec.petrel.runtime = runtime_kind::torch;
    from.spec.petrel.kind = artifact_kind::torchscript;
    const auto refused = hosts->open(from, {});
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().message.find("torch") != std::string::npos));
  }

  BOOST_AUTO_TEST_CASE(faults_of_the_function_leave_it_serving) {
    auto from = library("misbehave.so");
    from.spec.petrel.max_body_bytes = 1000;
    auto host = open_ready(from);
    BOOST_TEST(code_name(call(*host, "throw")) == "function_failed");
    BOOST_TEST(code_name(call(*host, "throw-int")) == "function_failed");
    BOOST_TEST(code_name(call(*host, "huge 1001")) == "function_failed");
    BOOST_TEST(code_name(call(*host, "allocate 50000000")) == "ok");
    BOOST_TEST(call(*host, "calls").body.view() == "5");
    bool logged = false;
    for (const auto& line : told["f"].lines)
      logged |= line.text == "error: thrown on purpose";
    BOOST_TEST(logged);
  }

  BOOST_AUTO_TEST_CASE(a_blocking_library_is_answered_and_outlives_its_host) {
    auto host = open_ready(library("misbehave.so"));
    const auto late = call(*host, "block 2000", 30ms);
    BOOST_TEST(code_name(late) == "deadline_exceeded");
    BOOST_TEST(late.started);
    BOOST_TEST(code_name(call(*host, "fine")) == "ok");
    close(host, "f");
    host.reset();
    BOOST_TEST(is_loaded("misbehave.so")); // a thread is still inside
    BOOST_TEST(eventually([&] { return !is_loaded("misbehave.so"); }));
  }

  BOOST_AUTO_TEST_CASE(a_cancelled_function_sees_it_and_stops) {
    auto host = open_ready(library("misbehave.so"));
    const auto token = submit(*host, "until-cancelled");
    BOOST_REQUIRE(eventually([&] { return host->stats().running == 1; }));
    got->nobody_waits();
    BOOST_TEST(code_name(got->wait(token)) == "ok");
  }

  BOOST_AUTO_TEST_CASE(a_probe_tells_how_many_are_inside_and_what_they_took) {
    auto host = open_ready(library("misbehave.so"));
    BOOST_TEST(host->probe().inside == 0u);
    BOOST_TEST(host->probe().lately.count() == 0);
    call(*host, "block 20");
    BOOST_TEST((host->probe().lately >= 20ms));
    // It is answered a moment before its slot is free.
    BOOST_TEST(eventually([&] { return host->probe().inside == 0u; }));
    const auto token = submit(*host, "until-cancelled");
    BOOST_TEST(eventually([&] { return host->probe().inside == 1u; }));
    got->nobody_waits();
    got->wait(token);
    BOOST_TEST(eventually([&] { return host->probe().inside == 0u; }));
  }

  BOOST_AUTO_TEST_CASE(a_sleeping_inline_library_is_moved_to_executors) {
    auto from = library("misbehave.so");
    from.spec.petrel.mode = trust_mode::inline_;
    auto host = open_ready(from);
    BOOST_TEST(code_name(call(*host, "block 25")) == "ok");
    BOOST_REQUIRE(told["f"].withdrawn.size() == 1);
    BOOST_TEST(code_name(call(*host, "block 1")) == "ok");
    BOOST_TEST(host->stats().accepted == 2u);
  }

  BOOST_AUTO_TEST_SUITE_END()
