#include "registry/bundles/ignore_rules.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::registry;

namespace {

ignore_rules with(std::string_view text) {
  ignore_rules rules;
  const auto ok = rules.add(text);
  BOOST_REQUIRE_MESSAGE(ok, (ok ? "" : ok.error().to_string()));
  return rules;
}

} // namespace

BOOST_AUTO_TEST_SUITE(ignore_rules_test)

  BOOST_AUTO_TEST_CASE(version_control_and_editor_files_are_always_left_out) {
    const ignore_rules rules;
    for (const auto path :
         {".git", "a/.git", "main.cpp~", "src/.main.cpp.swp", "#main.cpp#",
          "src/.#main.cpp", ".petrelignore", ".DS_Store"})
      BOOST_TEST(rules.ignores(path, false), path);
    BOOST_TEST(rules.ignores(".hg", true));
    for (const auto path : {"main.cpp", ".gitignore", "git", "a~b", ".hidden"})
      BOOST_TEST(!rules.ignores(path, false), path);
  }

  BOOST_AUTO_TEST_CASE(a_pattern_without_a_slash_counts_at_any_depth) {
    const auto rules = with("*.o\ndata?.csv");
    BOOST_TEST(rules.ignores("a.o", false));
    BOOST_TEST(rules.ignores("x/y/a.o", false));
    BOOST_TEST(rules.ignores("x/data1.csv", false));
    BOOST_TEST(!rules.ignores("x/data12.csv", false));
    BOOST_TEST(!rules.ignores("a.os", false));
  }

  BOOST_AUTO_TEST_CASE(a_pattern_with_a_slash_counts_from_the_top) {
    const auto rules = with("data/*.csv\n/top");
    BOOST_TEST(rules.ignores("data/a.csv", false));
    BOOST_TEST(!rules.ignores("x/data/a.csv", false));
    BOOST_TEST(!rules.ignores("data/x/a.csv", false));
    BOOST_TEST(rules.ignores("top", false));
    BOOST_TEST(!rules.ignores("x/top", false));
  }

  BOOST_AUTO_TEST_CASE(a_final_slash_means_folders_only) {
    const auto rules = with("build/");
    BOOST_TEST(rules.ignores("build", true));
    BOOST_TEST(rules.ignores("x/build", true));
    BOOST_TEST(!rules.ignores("build", false));
  }

  BOOST_AUTO_TEST_CASE(comments_empty_lines_and_line_ends_do_not_count) {
    const auto rules = with("# *.cpp\n\n   \na.txt  \r\n*.o");
    BOOST_TEST(rules.ignores("a.txt", false));
    BOOST_TEST(rules.ignores("b.o", false));
    BOOST_TEST(!rules.ignores("main.cpp", false));
  }

  BOOST_AUTO_TEST_CASE(what_would_be_misread_is_an_error_that_names_the_line) {
    for (const auto text : {"a\n!b", "a\nb/**/c", "a\n/"}) {
      ignore_rules rules;
      const auto refused = rules.add(text);
      BOOST_REQUIRE(!refused);
      BOOST_TEST((refused.error().code == errc::invalid_argument));
      BOOST_TEST(refused.error().message.find("line 2") != std::string::npos);
      BOOST_TEST(!refused.error().next_step.empty());
    }
  }

  BOOST_AUTO_TEST_CASE(the_number_of_patterns_is_bounded) {
    std::string text;
    for (int i = 0; i < 2000; ++i)
      text += "p" + std::to_string(i) + "\n";
    ignore_rules rules;
    BOOST_TEST(!rules.add(text));
  }

  BOOST_AUTO_TEST_SUITE_END()
