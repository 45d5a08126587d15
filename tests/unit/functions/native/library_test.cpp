#include "functions/native/library.hpp"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <fstream>

using namespace faas;
using namespace faas::native;
namespace fs = std::filesystem;

namespace {

const fs::path functions{PETREL_TEST_FUNCTIONS};

/// A folder of its own with a copy of a library and some bad entries.
struct folder {
  fs::path path;
  folder() {
    std::string name
      = (fs::temp_directory_path() / "petrel-bundle-XXXXXX").string();
    path = mkdtemp(name.data());
    fs::create_directories(path / "bundle" / "lib");
    fs::copy_file(functions / "hello.so", path / "bundle" / "hello.so");
    std::ofstream{path / "outside.so"} << "x";
    std::ofstream{path / "bundle" / "text.so"} << "this is no library";
    fs::create_symlink("../outside.so", path / "bundle" / "link.so");
    fs::create_symlink("hello.so", path / "bundle" / "inner.so");
  }
  ~folder() { fs::remove_all(path); }
  fs::path bundle() const { return path / "bundle"; }
};

std::string refusal(const fs::path& file) {
  auto opened = library::open(file);
  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == errc::bad_bundle));
  BOOST_TEST(!opened.error().next_step.empty());
  return opened.error().to_string();
}

void contains(const std::string& text, std::string_view part) {
  BOOST_TEST_CONTEXT("\"" << text << "\" should contain \"" << part << "\"")
  BOOST_TEST((text.find(part) != text.npos));
}

} // namespace

BOOST_AUTO_TEST_SUITE(library_test)

  BOOST_AUTO_TEST_CASE(finds_an_artifact_inside_the_bundle) {
    folder at;
    auto found = find_artifact(at.bundle(), "hello.so");
    BOOST_REQUIRE(found);
    BOOST_TEST(found->filename() == "hello.so");
    BOOST_TEST(found->is_absolute());
    BOOST_TEST(bool(find_artifact(at.bundle(), "lib/../inner.so")));
  }

  BOOST_AUTO_TEST_CASE(refuses_artifacts_that_are_not_files_of_the_bundle) {
    folder at;
    const std::pair<std::string, std::string> cases[]
      = {{"", "no name"},
         {"absent.so", "not in the bundle"},
         {"../outside.so", "leads out"},
         {"link.so", "leads out"},
         {"lib/../../outside.so", "leads out"},
         {(at.path / "outside.so").string(), "relative"},
         {"lib", "regular file"},
         {std::string("hello.so\0x", 10), "zero byte"}};
    for (const auto& [artifact, part] : cases) {
      auto found = find_artifact(at.bundle(), artifact);
      BOOST_REQUIRE(!found);
      BOOST_TEST((found.error().code == errc::bad_bundle));
      contains(found.error().message, part);
    }
  }

  BOOST_AUTO_TEST_CASE(refuses_when_the_folder_itself_is_gone) {
    auto found = find_artifact("/nonexistent/bundle", "hello.so");
    BOOST_REQUIRE(!found);
    BOOST_TEST((found.error().code == errc::bad_bundle));
  }

  BOOST_AUTO_TEST_CASE(opens_a_function) {
    auto opened = library::open(functions / "hello.so");
    BOOST_REQUIRE(opened);
    BOOST_TEST((*opened)->table().abi_version == 1u);
  }

  BOOST_AUTO_TEST_CASE(says_what_a_library_without_table_lacks) {
    const auto text = refusal(functions / "no_table.so");
    contains(text, "does not export faas_function_table");
    contains(text, "include <faas/function.hpp>");
  }

  BOOST_AUTO_TEST_CASE(names_both_versions_of_the_abi) {
    const auto text = refusal(functions / "wrong_version.so");
    contains(text, "version 7");
    contains(text, "version 1");
  }

  BOOST_AUTO_TEST_CASE(refuses_a_symbol_that_is_no_table) {
    contains(refusal(functions / "bad_table.so"), "bytes");
  }

  BOOST_AUTO_TEST_CASE(names_a_call_that_the_table_lacks) {
    contains(refusal(functions / "no_calls.so"), "destroy");
  }

  BOOST_AUTO_TEST_CASE(passes_on_the_loaders_words) {
    contains(refusal(functions / "unresolved.so"),
             "petrel_symbol_that_nobody_has");
    folder at;
    contains(refusal(at.bundle() / "text.so"), "architecture");
  }

  BOOST_AUTO_TEST_CASE(refuses_tables_that_are_too_short) {
    faas_function_table_v1 table{};
    table.table_size = 4;
    BOOST_TEST(!check_table(table, "x.so"));
    table.table_size = offsetof(faas_function_table_v1, notify) - 1;
    table.abi_version = FAAS_ABI_VERSION;
    const auto checked = check_table(table, "x.so");
    BOOST_REQUIRE(!checked);
    contains(checked.error().message, "version 1 needs");
  }

  BOOST_AUTO_TEST_CASE(takes_a_table_from_before_notify) {
    auto opened = library::open(functions / "first_abi.so");
    BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().to_string()));
    // What lies behind the table is not read.
    BOOST_TEST(!(*opened)->notify(nullptr, FAAS_SECRET_CHANGED, {}));
  }

  BOOST_AUTO_TEST_CASE(takes_a_longer_table_of_the_same_version) {
    auto opened = library::open(functions / "hello.so");
    BOOST_REQUIRE(opened);
    auto table = (*opened)->table();
    table.table_size += 64; // appended by a later minor version
    BOOST_TEST(bool(check_table(table, "x.so")));
  }

  BOOST_AUTO_TEST_SUITE_END()
