// Commands and scripts of the link emulator.
#include "tools/link-emulator/settings.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::emulator;

BOOST_AUTO_TEST_SUITE(settings_test)

  BOOST_AUTO_TEST_CASE(commands_change_the_link) {
    link_settings link;
    for (const char* one : {"rtt 40", "mbit 20", "mbit-back 5", "jitter 2",
                            "jitter-law exponential", "loss 0.02", "cut"})
      BOOST_TEST(change(link, one), one);
    BOOST_TEST(link.there.one_way_ms == 20);
    BOOST_TEST(link.back.one_way_ms == 20);
    BOOST_TEST(link.there.mbit == 20);
    BOOST_TEST(link.back.mbit == 5);
    BOOST_TEST(link.back.jitter_ms == 2);
    BOOST_TEST((link.there.law == jitter_law::exponential));
    BOOST_TEST(link.there.loss == 0.02);
    BOOST_TEST(link.cut);
    BOOST_TEST(change(link, "heal"));
    BOOST_TEST(!link.cut);
  }

  BOOST_AUTO_TEST_CASE(what_no_link_can_have_changes_nothing) {
    link_settings link;
    change(link, "rtt 7");
    for (const char* one :
         {"", "rtt", "rtt -1", "rtt nan", "rtt inf", "rtt 1e9", "rtt 5 6",
          "rtt five", "mbit -3", "loss 1", "loss 2", "jitter-law normal",
          "jitter-law", "cut now", "rtt5", "mbit-up 3"})
      BOOST_TEST(!change(link, one), one);
    BOOST_TEST(link.there.one_way_ms == 3.5);
    BOOST_TEST(link.there.mbit == 0);
    BOOST_TEST(!link.cut);
  }

  BOOST_AUTO_TEST_CASE(scripts_are_commands_with_times) {
    const auto made = parse_script("# a trace\n0 rtt 40\n\n 1.5 mbit-back 2\r\n"
                                   "1.5 cut\n30 heal\n");
    BOOST_TEST_REQUIRE(bool(made));
    BOOST_TEST_REQUIRE(made->size() == 4u);
    BOOST_TEST(to_ms((*made)[1].at) == 1500);
    BOOST_TEST((*made)[3].command == "heal");
    BOOST_TEST(parse_script("")->empty());
  }

  BOOST_AUTO_TEST_CASE(a_wrong_script_is_told_by_its_line) {
    for (const char* text :
         {"0 rtt 40\n\nrtt 50\n", "0 rtt 1\n5 rtt 2\n4 rtt 3\n",
          "0 rtt 1\n1 heal\n2 jump\n", "#\n#\n-1 cut\n", "\n\nnan cut\n"}) {
      const auto made = parse_script(text);
      BOOST_TEST_REQUIRE(!made, text);
      BOOST_TEST(made.error().message.find("line 3") == 0u,
                 made.error().message);
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
