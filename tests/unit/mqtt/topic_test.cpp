#include "libfaas/mqtt/topic.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace faas;
using namespace faas::mqtt;

namespace {

std::vector<std::string> levels(const std::string& text) {
  std::vector<std::string> parts{""};
  for (const char c : text)
    if (c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

/// Section 4.7 word by word: slow, recursive, on split levels.
bool matches_levels(const std::vector<std::string>& filter, size_t f,
                    const std::vector<std::string>& topic, size_t t) {
  if (f == filter.size())
    return t == topic.size();
  if (filter[f] == "#")
    return true; // any number of child levels and the parent
  if (t == topic.size())
    return false;
  return (filter[f] == "+" || filter[f] == topic[t])
         && matches_levels(filter, f + 1, topic, t + 1);
}

bool reference_match(const std::string& filter, const std::string& topic) {
  const bool wild = filter[0] == '+' || filter[0] == '#';
  if (topic[0] == '$' && wild)
    return false;
  return matches_levels(levels(filter), 0, levels(topic), 0);
}

bool reference_filter(const std::string& filter) {
  const auto parts = levels(filter);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] == "#"
          ? i + 1 != parts.size()
          : parts[i] != "+"
              && parts[i].find_first_of("+#") != std::string::npos)
      return false;
  }
  return !filter.empty();
}

std::string random_text(random_source& random, const char* alphabet,
                        size_t letters) {
  std::string text;
  for (auto n = 1 + random.below(8); n > 0; --n)
    text += alphabet[random.below(letters)];
  return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(topic_test)

  BOOST_AUTO_TEST_CASE(examples_of_the_standard_hold) {
    // 4.7.1.2, 4.7.1.3, 4.7.2, 4.7.3
    for (const auto* topic :
         {"sport/tennis/player1", "sport/tennis/player1/ranking",
          "sport/tennis/player1/score/wimbledon"})
      BOOST_TEST(matches("sport/tennis/player1/#", topic));
    BOOST_TEST(matches("sport/#", "sport"));
    BOOST_TEST(matches("#", "sport/x"));
    BOOST_TEST(matches("sport/tennis/+", "sport/tennis/player1"));
    BOOST_TEST(!matches("sport/tennis/+", "sport/tennis/player1/ranking"));
    BOOST_TEST(!matches("sport/+", "sport"));
    BOOST_TEST(matches("sport/+", "sport/"));
    BOOST_TEST(matches("+/+", "/finance"));
    BOOST_TEST(matches("/+", "/finance"));
    BOOST_TEST(!matches("+", "/finance"));
    BOOST_TEST(!matches("#", "$SYS/x"));
    BOOST_TEST(!matches("+/monitor/Clients", "$SYS/monitor/Clients"));
    BOOST_TEST(matches("$SYS/#", "$SYS/x"));
    BOOST_TEST(matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
    BOOST_TEST(!matches("ACCOUNTS", "Accounts"));
    BOOST_TEST(!matches("finance", "/finance"));
  }

  BOOST_AUTO_TEST_CASE(filters_are_valid_as_the_standard_says) {
    for (const auto* good : {"#", "+", "/", "a", "sport/tennis/#", "+/tennis/#",
                             "sport/+/player1", "$SYS/#", "//", "a b/温"})
      BOOST_TEST(valid_filter(good), good);
    for (const auto* bad : {"", "sport/tennis#", "sport/tennis/#/ranking",
                            "sport+", "#/", "a/+b", "++", "\xff"})
      BOOST_TEST(!valid_filter(bad), bad);
    BOOST_TEST(!valid_filter(std::string_view("a\0b", 3)));
    BOOST_TEST(!valid_filter(std::string(65'536, 'a')));
    BOOST_TEST(valid_filter(std::string(65'535, 'a')));
  }

  BOOST_AUTO_TEST_CASE(topics_are_valid_without_wildcards) {
    BOOST_TEST(valid_topic("a/b"));
    BOOST_TEST(valid_topic("/"));
    BOOST_TEST(!valid_topic(""));
    BOOST_TEST(!valid_topic("a/+"));
    BOOST_TEST(!valid_topic("a#"));
  }

  BOOST_AUTO_TEST_CASE(text_is_well_formed_utf8) {
    for (const auto* good : {"", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
                             "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbb\xbf",
                             "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
      BOOST_TEST(valid_text(good), good);
    for (const auto* bad :
         {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf",
          "\xe1\x80", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"})
      BOOST_TEST(!valid_text(bad));
  }

  BOOST_AUTO_TEST_CASE(matching_agrees_with_a_slow_reference) {
    const uint64_t seed = 4711;
    BOOST_TEST_MESSAGE("seed " << seed);
    random_source random{seed};
    size_t matched = 0;
    size_t valid = 0;
    for (int i = 0; i < 400'000; ++i) {
      const auto filter = random_text(random, "ab//++#$", 8);
      const auto topic = random_text(random, "ab//$", 5);
      BOOST_REQUIRE_EQUAL(valid_filter(filter), reference_filter(filter));
      if (!valid_filter(filter))
        continue;
      ++valid;
      BOOST_REQUIRE_MESSAGE(matches(filter, topic)
                              == reference_match(filter, topic),
                            filter << " against " << topic);
      matched += matches(filter, topic);
    }
    BOOST_TEST(valid > 50'000u); // the draw reaches both answers
    BOOST_TEST(matched > 2'000u);
  }

  BOOST_AUTO_TEST_SUITE_END()
