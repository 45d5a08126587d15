// requirements.txt at pack time, with a fake pip.
#include "fakes.hpp"
#include "tools/faas-cli/python_packages.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::cli;

namespace {

constexpr auto manifest = R"(
functions:
  f:
    handler: ./f
    petrel: {runtime: process, protocol: worker, command: [python3, -m, petrel, h.py]}
)";

constexpr auto report = R"({"version": "1", "install": [
  {"metadata": {"name": "b", "version": "2"},
   "download_info": {"archive_info": {"hash": "sha256=bb"}}},
  {"metadata": {"name": "a", "version": "1.0"},
   "download_info": {"archive_info": {"hashes": {"sha256": "aa"}}}}]})";

struct python : fixture {
  python() {
    scratch.write("stack.yml", manifest);
    scratch.write("f/h.py", "");
    scratch.write("share/petrel/python/petrel/__init__.py", "");
    system.folder = scratch.path; // of the program, too: bin/../share
    fs::create_directories(scratch.path / "bin");
    system.on_run = [this](const std::vector<std::string>& command) {
      const auto after = [&](const char* word) {
        return fs::path{*std::next(
          std::find(command.begin(), command.end(), word))};
      };
      const auto target = after("--target");
      fs::create_directories(target / "a/__pycache__");
      std::ofstream{target / "a/__init__.py"} << "a = 1";
      std::ofstream{target / "a/__pycache__/x.pyc"} << "x";
      std::ofstream{after("--report")} << report;
      return result<int>{status};
    };
  }
  bool ran(std::string_view word) const {
    const auto& last = system.commands.back();
    return std::find(last.begin(), last.end(), word) != last.end();
  }
  std::string installed(const fs::path& file) const {
    std::ifstream in{scratch.path / ".petrel/python/f" / file};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  int status = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(python_packages_test, python)

  BOOST_AUTO_TEST_CASE(packages_are_installed_locked_and_kept) {
    scratch.write("f/requirements.txt", "a\n");
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    BOOST_REQUIRE(system.commands.size() == 1u);
    BOOST_TEST(system.commands[0][0] == "python3");
    BOOST_TEST(!ran("--require-hashes"));
    BOOST_TEST(installed("requirements.lock")
               == "a==1.0 --hash=sha256:aa\nb==2 --hash=sha256:bb\n");
    // h.py, requirements.txt, a, the lock, petrel; nothing compiled.
    BOOST_TEST(printed("packed 5 files,"), out.str());
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    BOOST_TEST(system.commands.size() == 1u);
    scratch.write("f/requirements.txt", "a\nb\n");
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    BOOST_TEST(system.commands.size() == 2u);
    system.variables["PETREL_PYTHON"] = "python3.9";
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    BOOST_TEST(system.commands.back()[0] == "python3.9");
  }

  BOOST_AUTO_TEST_CASE(a_lock_is_taken_with_its_hashes) {
    scratch.write("f/requirements.txt", "a\n");
    scratch.write("f/requirements.lock", "a==1.0 --hash=sha256:aa\n");
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    BOOST_TEST(ran("--require-hashes"));
    BOOST_TEST(system.commands.back().back().ends_with("requirements.lock"));
  }

  BOOST_AUTO_TEST_CASE(failures_say_what_to_do_and_leave_nothing) {
    scratch.write("f/requirements.txt", "a\n");
    status = 1;
    BOOST_TEST(cli({"pack"}) != 0);
    BOOST_TEST(complained("pip could not install requirements.txt"));
    BOOST_TEST(!fs::exists(scratch.path / ".petrel/python/f"));
    status = 0;
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    system.on_run = [](const auto&) {
      return result<int>{errc::not_found, "cannot run python3", ""};
    };
    scratch.write("f/requirements.txt", "b\n");
    BOOST_TEST(cli({"pack"}) != 0);
    BOOST_TEST(complained("install python3 and python3-pip"));
    scratch.write("f/python_packages/x.py", "");
    BOOST_TEST(cli({"pack"}) != 0);
    BOOST_TEST(complained("remove one of them"));
  }

  BOOST_AUTO_TEST_CASE(petrel_comes_with_what_it_runs_only) {
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    BOOST_TEST(system.commands.empty());
    BOOST_TEST(printed("packed 2 files,"), out.str());
    scratch.write("stack.yml", "functions:\n  f:\n    handler: ./f\n    "
                               "petrel: {runtime: process, command: [python3, "
                               "h.py]}\n");
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    BOOST_TEST(printed("packed 1 file,"), out.str());
  }

  BOOST_AUTO_TEST_CASE(reports_of_pip_are_read_with_care) {
    for (const auto wrong : {"", "[]", "{}", R"({"install": 3})",
                             R"({"install": [{}]})",
                             R"({"install": [{"metadata": {"name": 1}}]})"})
      BOOST_TEST((lock_of(wrong).error().code == errc::internal), wrong);
    const auto unnamed = lock_of(
      R"({"install": [{"metadata": {"name": "a", "version": "1"},
          "download_info": {"dir_info": {}}}]})");
    BOOST_TEST((unnamed.error().code == errc::invalid_argument));
  }

BOOST_AUTO_TEST_SUITE_END()
