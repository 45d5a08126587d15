// Workers in the sandbox of this machine. Where it has none, one line says why.
#include "tests/unit/functions/isolated/isolated_fixture.hpp"

#include "tests/support/scratch_folder.hpp"

#include <unistd.h>

using namespace faas;
using namespace faas::test;
using faas::testing::scratch_folder;

namespace {

struct sandboxed_fixture : isolated_fixture {
  sandboxed_fixture() {
    const auto means = sandbox::probe();
    if (means.enough())
      workers.sandbox = means.facts();
    else
      BOOST_TEST_MESSAGE("skipped: no sandbox here: " << means.missing());
  }
  bool can() const { return workers.sandbox.has_value(); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(sandboxed_test, sandboxed_fixture)

  BOOST_AUTO_TEST_CASE(a_function_sees_its_bundle_and_nothing_else) {
    if (!can())
      return;
    scratch_folder others;
    const auto file = others.path() / "file";
    std::ofstream{file} << "not yours";
    auto host = ready("hostile");
    BOOST_TEST(call(*host, "read " + file.string()).body.view()
               == "cannot read");
    const auto library = std::string{PETREL_TEST_FUNCTIONS} + "/hostile.so";
    BOOST_TEST(call(*host, "read " + library).body.size() > 1000u);
    BOOST_TEST(host->facts().count("sandbox.seccomp") == 1u);
    // The node knows it by another number than it knows itself by.
    BOOST_TEST(pid_of(*host) != std::stoi(host->facts()["workers"]));
  }

  BOOST_AUTO_TEST_CASE(secrets_are_readable_and_changes_are_seen) {
    if (!can())
      return;
    using std::filesystem::perms;
    // Readable for a worker with a user of its own, as the node makes them.
    constexpr auto all_read
      = perms::owner_read | perms::group_read | perms::others_read;
    constexpr auto all_enter
      = perms::owner_exec | perms::group_exec | perms::others_exec;
    scratch_folder folder;
    std::filesystem::permissions(folder.path(),
                                 all_read | all_enter | perms::owner_write);
    const auto path = folder.path() / "token";
    const auto write = [&](const char* value) {
      const auto draft = folder.path() / "new";
      std::ofstream{draft} << value;
      std::filesystem::permissions(draft, all_read);
      std::filesystem::rename(draft, path);
    };
    write("one");
    auto from = library("secret");
    from.spec.environment = {{"SECRET", "token"}};
    auto secrets = std::make_shared<secret_folder>(
      folder.path(), std::set<std::string>{"token"});
    from.secrets = secrets;
    auto host = open_ready(from);
    BOOST_TEST(call(*host, "now").body.view() == "one");
    write("two");
    secrets->changed("token");
    BOOST_TEST(call(*host, "told").body.view() == "token");
    BOOST_TEST(call(*host, "now").body.view() == "two");
  }

  BOOST_AUTO_TEST_CASE(crashes_hangs_and_garbage_end_as_without_it) {
    if (!can())
      return;
    auto host = ready("hostile");
    const auto crashed = call(*host, "segv");
    BOOST_TEST(code_name(crashed) == "outcome_unknown");
    BOOST_TEST(crashed.message.find("SIGSEGV") != std::string::npos);
    BOOST_TEST(crashed.message.find("last words") != std::string::npos);
    BOOST_TEST(code_name(call(*host, "scribble-all")) == "outcome_unknown");
    BOOST_TEST(call(*host, "calls").body.view() == "1");
    auto other = ready("misbehave");
    BOOST_TEST(code_name(call(*other, "forever", 50ms)) == "deadline_exceeded");
    BOOST_TEST(call(*other, "calls").body.view() == "1");
    const std::string big(16 * limits::mib, 'b');
    BOOST_TEST((call(*other, big).body.view() == big));
  }

  BOOST_AUTO_TEST_CASE(a_limit_that_is_none_is_refused) {
    if (!can())
      return;
    auto from = library("hello");
    from.spec.limits = {{"cpu", "many"}};
    open(from);
    BOOST_REQUIRE(!told["hello"].loaded[0]);
    BOOST_TEST(told["hello"].loaded[0].error().message.find("limits.cpu")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_SUITE_END()
