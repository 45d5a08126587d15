#include "gateway/http/target.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas::http;
using kind = target_parts::kind;

BOOST_AUTO_TEST_SUITE(target_test)

  BOOST_AUTO_TEST_CASE(a_function_target_is_taken_apart) {
    const auto parts = split_target("/function/hello/a/b%2Fc?x=1&y=?");
    BOOST_TEST((parts.what == kind::function));
    BOOST_TEST(parts.name == "hello");
    BOOST_TEST(parts.path == "/a/b%2Fc");
    BOOST_TEST(parts.query == "x=1&y=?");
  }

  BOOST_AUTO_TEST_CASE(a_bare_name_has_the_root_path) {
    BOOST_TEST(split_target("/function/hello").path == "/");
    BOOST_TEST(split_target("/function/hello/").path == "/");
    BOOST_TEST(split_target("/function/hello?a").query == "a");
  }

  BOOST_AUTO_TEST_CASE(only_the_default_namespace_suffix_is_removed) {
    BOOST_TEST(split_target("/function/hello.openfaas-fn").name == "hello");
    BOOST_TEST(split_target("/function/hello.openfaas-fn/x").path == "/x");
    BOOST_TEST(split_target("/function/hello.other").name == "hello.other");
    BOOST_TEST(split_target("/function/.openfaas-fn").name == ".openfaas-fn");
    BOOST_TEST(split_target("/function/xopenfaas-fn").name == "xopenfaas-fn");
  }

  BOOST_AUTO_TEST_CASE(other_targets_keep_their_path) {
    const auto parts = split_target("/system/functions?namespace=a");
    BOOST_TEST((parts.what == kind::other));
    BOOST_TEST(parts.path == "/system/functions");
    BOOST_TEST((split_target("/functions/x").what == kind::other));
    BOOST_TEST((split_target("/").what == kind::other));
  }

  BOOST_AUTO_TEST_CASE(asynchronous_calls_are_told_apart) {
    const auto parts = split_target("/async-function/hello.openfaas-fn/x");
    BOOST_TEST((parts.what == kind::async_function));
    BOOST_TEST(parts.name == "hello");
  }

  BOOST_AUTO_TEST_CASE(absolute_form_is_accepted) {
    const auto parts = split_target("HTTP://host:8080/function/hello?q");
    BOOST_TEST((parts.what == kind::function));
    BOOST_TEST(parts.name == "hello");
    BOOST_TEST((split_target("http://host").what == kind::other));
  }

  BOOST_AUTO_TEST_CASE(what_is_no_path_is_malformed) {
    for (const auto text : {"", "*", "function/hello", "ftp://host/function/a",
                            "/function/hello#part", "://x"})
      BOOST_TEST((split_target(text).what == kind::malformed), text);
  }

  BOOST_AUTO_TEST_SUITE_END()
