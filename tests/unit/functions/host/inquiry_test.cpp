// What is out of memory is loaded now and then, to see whether and how fast.
#include "functions/host/inquiries.hpp"
#include "tests/unit/functions/host/scale_fixture.hpp"

using namespace faas;
using namespace faas::test;

namespace {

struct inquiry_fixture : scale_fixture {
  inquiry_fixture() { config.inquire_after = 10min; }
  int loaded() { return scripts["f"].loaded.load(); }
  /// Ticks until it has been loaded so often.
  bool loads(int times) {
    return eventually([&] {
      skip(0s);
      return loaded() == times;
    });
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(inquiry_test, inquiry_fixture)

BOOST_AUTO_TEST_CASE(a_version_that_is_away_for_long_is_looked_at) {
  auto host = away();
  BOOST_TEST(host->facts().count("load_ms") == 0u);
  skip(5min);
  BOOST_TEST(loaded() == 1);
  skip(6min);
  BOOST_TEST(loads(2));
  BOOST_TEST(gone()); // nobody uses it: it leaves again
  BOOST_TEST(host->facts().count("load_ms") == 1u);
  BOOST_TEST(host->facts().at("in_memory") == "no");
  BOOST_TEST(host->stats().accepted == 0u);
  skip(5min); // from when it left
  BOOST_TEST(loaded() == 2);
}

BOOST_AUTO_TEST_CASE(what_serves_is_left_alone) {
  auto host = open_ready(to_zero());
  for (int i = 0; i < 30; ++i) {
    skip(50s);
    BOOST_TEST((calm_call(*host).code == errc::ok));
  }
  BOOST_TEST(loaded() == 1);
}

BOOST_AUTO_TEST_CASE(one_that_cannot_be_loaded_is_told_before_an_event_comes) {
  auto host = away();
  scripts["f"].load = [] {
    return result<void>{error{errc::bad_bundle, "it is gone", ""}};
  };
  skip(11min);
  BOOST_REQUIRE(eventually([&] {
    skip(0s); // leaving may still be ending
    return host->facts().at("in_memory").find("it is gone")
           != std::string::npos;
  }));
  BOOST_TEST(host->stats().failed_loads == 1u);
  scripts["f"].load = [] { return result<void>{}; };
  skip(6min); // it tries again by itself
  BOOST_TEST(eventually([&] {
    skip(0s);
    const auto said = host->facts().at("in_memory");
    return said == "no" || said == "yes";
  }));
  BOOST_TEST((call(*host).code == errc::ok));
}

BOOST_AUTO_TEST_CASE(without_the_setting_nothing_is_loaded) {
  config.inquire_after = 0s;
  auto host = away();
  skip(24h);
  skip(24h);
  BOOST_TEST(loaded() == 1);
}

BOOST_AUTO_TEST_CASE(a_node_spends_little_of_its_time) {
  host::inquiries budget{10min};
  auto now = time_point{} + 1h;
  BOOST_TEST(budget.take(now));
  BOOST_TEST(!budget.take(now)); // one at a time
  now += 200ms;
  budget.spent(200ms, now);
  BOOST_TEST(!budget.take(now + 9s));
  BOOST_TEST(budget.take(now + 10s)); // 50 times as long
  BOOST_TEST(!budget.take(now + 4min)); // its end was never told
  BOOST_TEST(budget.take(now + 6min));
  host::inquiries never{0s};
  BOOST_TEST(!never.take(now + 24h));
}

BOOST_AUTO_TEST_SUITE_END()
