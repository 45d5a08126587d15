// The words with which a change is asked for.
#include "libfaas/whatif/change.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::whatif;

namespace {

recording log_of_three() {
  recording made;
  made.sites = {"edge-1/cpu", "edge-2/cpu", "edge-2/cuda0"};
  made.length_ms = 60'000;
  return made;
}

template <class Result>
void refuses(const Result& got, const char* part) {
  BOOST_REQUIRE(!got);
  const auto text = got.error().to_string();
  BOOST_TEST(text.find(part) != std::string::npos, text);
}

} // namespace

BOOST_AUTO_TEST_SUITE(change_test)

BOOST_AUTO_TEST_CASE(good_words_are_taken) {
  const auto in = log_of_three();
  change to;
  BOOST_TEST(bool(parse_rate("x1.5", to)));
  BOOST_TEST(to.rate == 1.5);
  BOOST_TEST(bool(parse_rate("2", to)));
  BOOST_TEST(bool(parse_dropped("edge-1", in, to)));
  BOOST_TEST(bool(to.dropped == std::vector<bool>{true, false, false}));
  BOOST_TEST(bool(parse_cut("edge-2/cpu@10-20.5", in, to)));
  BOOST_TEST(to.cuts[0].from == 10'000);
  BOOST_TEST(to.cuts[0].until == 20'500);
  BOOST_TEST(bool(parse_cut("edge-1", in, to)));
  BOOST_TEST(to.cuts[1].until == 60'000);
  BOOST_TEST(bool(parse_link("edge-1=+20", in, to)));
  BOOST_TEST(bool(parse_link("edge-1=x3", in, to)));
  BOOST_TEST(to.links[0].more_rtt_ms == 20);
  BOOST_TEST(to.links[1].factor == 3);
  BOOST_TEST(bool(parse_slowed("edge-2/cuda0=x2", in, to)));
  BOOST_TEST(to.slowed[0].site == 2u);
  BOOST_TEST(bool(parse_servers("edge-1=4", in, to)));
  BOOST_TEST(to.servers[0].servers == 4u);
  BOOST_TEST(
    bool(parse_added("new=edge-1,speed=2,rtt=+5,servers=3", in, to)));
  BOOST_TEST(to.added[0].name == "new");
  BOOST_TEST(to.added[0].speed == 2);
  BOOST_TEST(to.added[0].more_rtt_ms == 5);
  BOOST_TEST(to.added[0].servers == 3u);
}

BOOST_AUTO_TEST_CASE(wrong_words_say_what_is_allowed) {
  const auto in = log_of_three();
  change to;
  for (const auto* text : {"", "x", "xx2", "0", "-1", "x1e9", "nan", "2x"})
    refuses(parse_rate(text, to), "factor");
  refuses(parse_dropped("mars", in, to), "one of: edge-1/cpu");
  refuses(parse_dropped("edge-2", in, to), "several sites");
  refuses(parse_cut("edge-1@5", in, to), "FROM-UNTIL");
  refuses(parse_cut("edge-1@20-10", in, to), "0 to 60");
  refuses(parse_cut("edge-1@70-80", in, to), "0 to 60");
  refuses(parse_link("edge-1", in, to), "SITE=xF");
  refuses(parse_link("edge-1=+far", in, to), "no time in ms");
  refuses(parse_slowed("edge-1=", in, to), "SITE=xF");
  refuses(parse_servers("edge-1=1.5", in, to), "1 to 4096");
  refuses(parse_servers("edge-1=0", in, to), "1 to 4096");
  refuses(parse_added("new", in, to), "NAME=LIKE");
  refuses(parse_added("new=mars", in, to), "mars");
  refuses(parse_added("edge-1=edge-1", in, to), "already");
  refuses(parse_added("new=edge-1,colour=2", in, to), "colour");
  refuses(parse_added("new=edge-1,speed=0", in, to), "factor");
  refuses(parse_added("new=edge-1,", in, to), "speed=F");
}

BOOST_AUTO_TEST_SUITE_END()
