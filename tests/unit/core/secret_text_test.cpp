#include "libfaas/core/secret_text.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;

BOOST_AUTO_TEST_SUITE(secret_text_test)

  BOOST_AUTO_TEST_CASE(it_holds_any_bytes) {
    const std::string bytes("\0a\xff", 3);
    const secret_text one{bytes};
    BOOST_TEST((one.view() == bytes));
    BOOST_TEST((one == secret_text{bytes}));
    BOOST_TEST((one != secret_text{std::string_view{"b"}}));
    BOOST_TEST(secret_text{}.empty());
    BOOST_TEST((secret_text{std::string_view{}} == secret_text{}));
  }

  BOOST_AUTO_TEST_CASE(copies_and_moves_are_as_usual) {
    secret_text one{std::string_view{"one"}};
    secret_text copy{one};
    secret_text moved{std::move(one)};
    BOOST_TEST((copy == moved));
    BOOST_TEST(one.empty()); // says what is left
    copy = secret_text{std::string_view{"two"}};
    BOOST_TEST((copy.view() == "two"));
    auto& same = copy;
    copy = same;
    BOOST_TEST((copy.view() == "two"));
    copy.clear();
    BOOST_TEST(copy.empty());
  }

  BOOST_AUTO_TEST_CASE(the_source_is_overwritten) {
    std::string from = "a value that is longer than a small string can be";
    const char* bytes = from.data();
    const auto capacity = from.capacity();
    const auto taken = secret_text::take(from);
    BOOST_TEST((taken.view().substr(0, 7) == "a value"));
    BOOST_TEST(from.empty());
    BOOST_TEST(from.data() == bytes);
    for (size_t i = 0; i < capacity; ++i)
      BOOST_REQUIRE(bytes[i] == 0);
    std::string small = "short";
    wipe(small);
    BOOST_TEST(small.empty());
    BOOST_TEST(small.data()[0] == 0);
    BOOST_TEST(small.data()[1] == 0);
  }

  BOOST_AUTO_TEST_CASE(memory_is_overwritten_before_it_is_given_back) {
    char bytes[8] = {'s', 'e', 'c', 'r', 'e', 't', 0, 1};
    wipe(bytes, sizeof bytes);
    for (const char byte : bytes)
      BOOST_TEST(byte == 0);
    wipe(nullptr, 0);
  }

BOOST_AUTO_TEST_SUITE_END()
