#include "libfaas/manifest/yaml_tree.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;

namespace {

std::string error_of(std::string_view text, const yaml_bounds& bounds = {}) {
  auto tree = parse_yaml(text, bounds);
  return tree ? "" : tree.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(yaml_tree_test)

  BOOST_AUTO_TEST_CASE(keys_know_their_lines) {
    const auto tree = parse_yaml("a: 1\n\nb:\n  - x\n  - y\n", {});
    BOOST_REQUIRE(tree);
    const auto& root = **tree;
    BOOST_REQUIRE(root.find("a"));
    BOOST_TEST(root.find("a")->line == 1);
    BOOST_TEST(root.find("b")->line == 3);
    BOOST_TEST(root.find("b")->value->items.at(1)->text == "y");
    BOOST_TEST(root.find("b")->value->items.at(1)->line == 5);
    BOOST_TEST(!root.find("c"));
  }

  BOOST_AUTO_TEST_CASE(nothing_is_a_null_document) {
    for (const auto text : {"", "# only this\n", "~", "---\n"}) {
      const auto tree = parse_yaml(text, {});
      BOOST_REQUIRE_MESSAGE(tree, text);
      BOOST_TEST(((*tree)->type == yaml_node::kind::null));
    }
  }

  BOOST_AUTO_TEST_CASE(duplicate_keys_are_refused_with_their_line) {
    BOOST_TEST(error_of("a: 1\nb: 2\na: 3\n") == "line 3: duplicate key \"a\"");
    BOOST_TEST(error_of("x: {a: 1, a: 2}") == "line 1: duplicate key \"a\"");
  }

  BOOST_AUTO_TEST_CASE(aliases_and_merge_keys_work) {
    const auto tree = parse_yaml("base: &b {x: 1, y: 2}\n"
                                 "one: {<<: *b, y: 3}\n"
                                 "two: *b\n",
                                 {});
    BOOST_REQUIRE(tree);
    const auto& one = *(*tree)->find("one")->value;
    BOOST_TEST(one.find("x")->value->text == "1");
    BOOST_TEST(one.find("y")->value->text == "3");
    BOOST_TEST(!one.find("<<"));
    BOOST_TEST((*tree)->find("two")->value->find("y")->value->text == "2");
  }

  BOOST_AUTO_TEST_CASE(the_first_of_several_merge_sources_wins) {
    const auto tree = parse_yaml("a: &a {x: 1}\nb: &b {x: 2, y: 2}\n"
                                 "c: {<<: [*a, *b]}\n",
                                 {});
    BOOST_REQUIRE(tree);
    const auto& c = *(*tree)->find("c")->value;
    BOOST_TEST(c.find("x")->value->text == "1");
    BOOST_TEST(c.find("y")->value->text == "2");
    BOOST_TEST(error_of("a: {<<: 3}").find("needs a mapping")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(alias_bombs_are_refused) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; ++i) {
      const auto from = "*a" + std::to_string(i - 1);
      bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
      for (int k = 0; k < 10; ++k)
        bomb += (k ? ", " : "") + from;
      bomb += "]\n";
    }
    BOOST_TEST(error_of(bomb).find("aliases counted in full")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(an_alias_to_itself_is_refused) {
    BOOST_TEST(error_of("a: &a [*a]").starts_with("line 1: "));
  }

  BOOST_AUTO_TEST_CASE(depth_is_bounded) {
    BOOST_TEST(error_of(std::string(10'000, '[')).find("nested deeper")
               != std::string::npos);
    std::string blocks;
    for (int i = 0; i < 100; ++i)
      blocks += std::string(static_cast<size_t>(i), ' ') + "a:\n";
    BOOST_TEST(error_of(blocks).find("nested deeper") != std::string::npos);
    BOOST_TEST(error_of("a: [[1]]", {.nodes = 100, .depth = 2}) != "");
    BOOST_TEST(error_of("a: [[1]]", {.nodes = 100, .depth = 3}) == "");
  }

  BOOST_AUTO_TEST_CASE(nodes_are_bounded) {
    BOOST_TEST(error_of("[1, 2, 3]", {.nodes = 4, .depth = 3}) == "");
    BOOST_TEST(error_of("[1, 2, 3, 4]", {.nodes = 4, .depth = 3}) != "");
  }

  BOOST_AUTO_TEST_CASE(syntax_errors_have_lines) {
    BOOST_TEST(error_of("a: 1\nb: [1, 2\n").starts_with("line "));
    BOOST_TEST(error_of("a: 1\n\tb: 2\n").starts_with("line 2"));
    BOOST_TEST(error_of("a: *nowhere\n").starts_with("line 1"));
    BOOST_TEST(error_of("? [a]\n: 1\n").starts_with("line 1: a key must"));
  }

  BOOST_AUTO_TEST_CASE(another_document_is_noticed) {
    bool more = false;
    BOOST_REQUIRE(parse_yaml("a: 1\n---\nb: 2\n", {}, &more));
    BOOST_TEST(more);
    BOOST_REQUIRE(parse_yaml("a: 1\n", {}, &more));
    BOOST_TEST(!more);
  }

  BOOST_AUTO_TEST_SUITE_END()
