#include "registry/bundles/entry_rules.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::registry;

namespace {

const bundle_limits small{100, 5, 40, 4};

std::string plain(std::string_view path) {
  const auto checked = checked_path(path, small);
  BOOST_REQUIRE_MESSAGE(checked, path);
  return *checked;
}

bool refused(std::string_view path) {
  const auto checked = checked_path(path, small);
  return !checked && checked.error().code == errc::bad_bundle;
}

bool link_ok(const std::string& path, std::string_view target) {
  return static_cast<bool>(check_link(path, target, small));
}

} // namespace

BOOST_AUTO_TEST_SUITE(entry_rules_test)

  BOOST_AUTO_TEST_CASE(paths_get_a_plain_form) {
    BOOST_TEST(plain("a/b") == "a/b");
    BOOST_TEST(plain("./a//b/") == "a/b");
    BOOST_TEST(plain("a/./b/.") == "a/b");
    BOOST_TEST(plain("./") == "");
    BOOST_TEST(plain("..a/b..") == "..a/b..");
    BOOST_TEST(plain("h\xc3\xa9 llo") == "h\xc3\xa9 llo");
  }

  BOOST_AUTO_TEST_CASE(paths_that_lead_elsewhere_are_refused) {
    for (const auto path : {"/etc/passwd", "//x", "..", "../a", "a/..",
                            "a/../b", "a/../../b", "./..", ""})
      BOOST_TEST(refused(path), path);
    BOOST_TEST(refused({"a\0b", 3}));
  }

  BOOST_AUTO_TEST_CASE(paths_over_the_limits_are_refused) {
    BOOST_TEST(plain(std::string(40, 'a')).size() == 40);
    BOOST_TEST(refused(std::string(41, 'a')));
    BOOST_TEST(plain("a/b/c/d") == "a/b/c/d");
    BOOST_TEST(refused("a/b/c/d/e"));
    BOOST_TEST(!checked_path(std::string(256, 'a'), {}));
    BOOST_TEST(!!checked_path(std::string(255, 'a'), {}));
  }

  BOOST_AUTO_TEST_CASE(links_may_lead_only_into_the_bundle) {
    BOOST_TEST(link_ok("a", "b"));
    BOOST_TEST(link_ok("lib/a.so", "a.so.1"));
    BOOST_TEST(link_ok("lib/a.so", "../other/a.so"));
    BOOST_TEST(link_ok("x/y/z", "../../b"));
    BOOST_TEST(link_ok("a", "./b/./c"));
    for (const auto target : {"", "/etc/passwd", "..", "../b", "./../b"})
      BOOST_TEST(!link_ok("a", target), target);
    BOOST_TEST(!link_ok("x/y", "../../b"));
  }

  BOOST_AUTO_TEST_CASE(a_link_that_goes_up_after_a_name_is_refused) {
    // "b" may itself be a link to the bundle's folder; its ".." is outside.
    BOOST_TEST(!link_ok("x/y/z", "b/../c"));
    BOOST_TEST(!link_ok("a", "b/.."));
  }

  BOOST_AUTO_TEST_CASE(the_tree_announces_the_folders_that_are_missing) {
    entry_tree tree{bundle_limits{}};
    using names = std::vector<std::string>;
    BOOST_TEST((*tree.add(entry_kind::file, "a/b/c") == names{"a", "a/b"}));
    BOOST_TEST((*tree.add(entry_kind::file, "a/d") == names{}));
    BOOST_TEST((*tree.add(entry_kind::folder, "a/e") == names{"a/e"}));
    BOOST_TEST((*tree.add(entry_kind::folder, "a/e") == names{}));
    BOOST_TEST((*tree.add(entry_kind::folder, "f/g") == names{"f", "f/g"}));
    BOOST_TEST(tree.size() == 7);
  }

  BOOST_AUTO_TEST_CASE(the_tree_finds_names_given_twice) {
    entry_tree tree{bundle_limits{}};
    BOOST_REQUIRE(tree.add(entry_kind::file, "a"));
    BOOST_REQUIRE(tree.add(entry_kind::folder, "d"));
    BOOST_TEST(!tree.add(entry_kind::file, "a"));
    BOOST_TEST(!tree.add(entry_kind::folder, "a"));
    BOOST_TEST(!tree.add(entry_kind::link, "d"));
  }

  BOOST_AUTO_TEST_CASE(nothing_can_lie_below_a_link_or_a_file) {
    entry_tree tree{bundle_limits{}};
    BOOST_REQUIRE(tree.add(entry_kind::link, "l"));
    BOOST_REQUIRE(tree.add(entry_kind::file, "f"));
    const auto below = tree.add(entry_kind::file, "l/x");
    BOOST_REQUIRE(!below);
    BOOST_TEST(below.error().message.find("'l/x'") != std::string::npos);
    BOOST_TEST(!tree.add(entry_kind::folder, "f/x"));
  }

  BOOST_AUTO_TEST_CASE(the_tree_counts_entries_and_bytes) {
    entry_tree tree{small};
    BOOST_TEST(!!tree.add(entry_kind::file, "a/b/c"));
    BOOST_TEST(!!tree.add(entry_kind::file, "d"));
    BOOST_TEST(!!tree.add(entry_kind::file, "e"));
    BOOST_TEST(!tree.add(entry_kind::file, "f"));
    BOOST_TEST(!!tree.add_bytes("e", 100));
    BOOST_TEST(!tree.add_bytes("e", 1));
    BOOST_TEST(!tree.add_bytes("e", ~uint64_t{0}));
    BOOST_TEST(tree.bytes() == 100);
  }

  BOOST_AUTO_TEST_CASE(messages_show_names_safely) {
    BOOST_TEST(shown("a\x1b[31m\n") == "a?[31m?");
    BOOST_TEST(shown(std::string(500, 'x')).size() == 123);
  }

  BOOST_AUTO_TEST_SUITE_END()
