#include "libfaas/manifest/units.hpp"

#include "libfaas/manifest/manifest.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(units_test)

  BOOST_AUTO_TEST_CASE(bytes_have_binary_and_decimal_units) {
    const std::pair<const char*, uint64_t> cases[] = {{"0", 0},
                                                      {"12", 12},
                                                      {"500K", 500'000},
                                                      {"500k", 500'000},
                                                      {"40Mi", 40ull << 20},
                                                      {"1Gi", 1ull << 30},
                                                      {"1.5Ki", 1536},
                                                      {"2GB", 2'000'000'000},
                                                      {"3MiB", 3ull << 20},
                                                      {"1Ti", 1ull << 40}};
    for (const auto& [text, bytes] : cases) {
      const auto value = parse_bytes(text);
      BOOST_REQUIRE_MESSAGE(value, text);
      BOOST_TEST(*value == bytes, text);
    }
  }

  BOOST_AUTO_TEST_CASE(malformed_bytes_are_refused) {
    for (const auto text : {"", "Mi", "-1", "+1", "1e3", "1 Mi", "1Xi", "1.2.3",
                            ".", "nan", "inf", "0x10", "99999999Ti", "1Mi1"})
      BOOST_TEST(!parse_bytes(text), text);
  }

  BOOST_AUTO_TEST_CASE(durations_are_seconds_or_go_durations) {
    const std::pair<const char*, duration> cases[]
      = {{"90", 90s},   {"1m30s", 90s},          {"250ms", 250ms},
         {"1h", 3600s}, {"1.5s", 1500ms},        {"0", 0s},
         {"0s", 0s},    {"0.5", 500ms},          {"10us", 10us},
         {"7ns", 7ns},  {"1h1m1s1ms", 3661001ms}};
    for (const auto& [text, wanted] : cases) {
      const auto value = parse_duration(text);
      BOOST_REQUIRE_MESSAGE(value, text);
      BOOST_TEST(value->count() == wanted.count(), text);
    }
  }

  BOOST_AUTO_TEST_CASE(malformed_durations_are_refused) {
    for (const auto text : {"", "s", "-1s", "1x", "1s2", "1s 2s", "abc", "1e9",
                            "99999999999h", "1..2s"})
      BOOST_TEST(!parse_duration(text), text);
  }

  BOOST_AUTO_TEST_CASE(an_error_shows_the_text_and_an_example) {
    const auto value = parse_duration("soon");
    BOOST_REQUIRE(!value);
    BOOST_TEST(value.error().message == "\"soon\" is not a duration");
    BOOST_TEST(value.error().next_step.find("1m30s") != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(a_formatted_duration_reads_back) {
    for (const duration d : {duration{60s}, duration{250ms}, duration{1500us},
                             duration{7ns}, duration{0}, duration{90min}}) {
      const auto text = format_duration(d);
      BOOST_TEST(parse_duration(text)->count() == d.count(), text);
    }
    BOOST_TEST(format_duration(60s) == "60s");
    BOOST_TEST(format_duration(250ms) == "250ms");
  }

  BOOST_AUTO_TEST_SUITE_END()
