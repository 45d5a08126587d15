// Which node is asked for a bundle, and whom next.
#include "libfaas/bundles/pull_sources.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::bundles;
using namespace std::chrono_literals;

namespace {

const node_name a{"a"}, b{"b"}, c{"c"};
const std::vector<candidate> all{{a, 20ms}, {b, 5ms}, {c, 10ms}};

} // namespace

BOOST_AUTO_TEST_SUITE(pull_sources_test)

  BOOST_AUTO_TEST_CASE(the_nearest_is_asked_then_the_others_each_once) {
    pull_sources sources;
    for (const auto& expected : {b, c, a}) {
      BOOST_TEST((sources.choose(all) == expected));
      BOOST_TEST((sources.current() == expected));
      BOOST_TEST(!sources.failed("no"));
    }
    BOOST_TEST(!sources.choose(all));
    BOOST_TEST(!sources.current());
    BOOST_TEST(sources.reasons() == "b: no; c: no; a: no");
  }

  BOOST_AUTO_TEST_CASE(one_that_sent_wrong_bytes_is_not_asked_again) {
    pull_sources sources;
    BOOST_TEST((sources.choose(all) == b));
    sources.gave();
    sources.wrong();
    BOOST_TEST((sources.choose(all) == c));
    BOOST_TEST(sources.reasons() == "b: sent wrong bytes");
  }

  BOOST_AUTO_TEST_CASE(of_several_that_gave_each_is_asked_for_the_whole) {
    pull_sources sources;
    sources.choose(all);
    sources.gave();
    BOOST_TEST(!sources.failed("gone")); // its bytes are used by the next one
    BOOST_TEST((sources.choose(all) == c));
    sources.gave();
    sources.wrong(); // b or c: nobody knows
    BOOST_TEST((sources.choose(all) == c));
    sources.gave();
    BOOST_TEST(sources.failed("gone")); // no mixing any more
    BOOST_TEST((sources.choose(all) == a));
    sources.gave();
    sources.wrong();
    BOOST_TEST(!sources.choose(all));
    BOOST_TEST(sources.reasons()
               == "b: gone; c: gone; a: sent wrong bytes");
  }

  BOOST_AUTO_TEST_CASE(bytes_of_a_former_process_blame_nobody) {
    pull_sources sources;
    sources.found_some();
    BOOST_TEST((sources.choose(all) == b));
    sources.gave();
    sources.wrong();
    BOOST_TEST((sources.choose(all) == b)); // the old bytes may have been it
    sources.gave();
    sources.wrong();
    BOOST_TEST((sources.choose(all) == c));
  }

  BOOST_AUTO_TEST_CASE(it_ends_however_bad_all_are) {
    pull_sources sources;
    sources.found_some();
    int asked = 0;
    while (sources.choose(all)) {
      sources.gave();
      sources.wrong();
      BOOST_REQUIRE(++asked < 10);
    }
    BOOST_TEST(asked == 4);
  }

  BOOST_AUTO_TEST_SUITE_END()
