// What is wanted of a host's instances changes while it serves.
#include "tests/unit/functions/host/scale_fixture.hpp"

using namespace faas;
using namespace faas::test;

BOOST_FIXTURE_TEST_SUITE(rescale_test, scale_fixture)

  BOOST_AUTO_TEST_CASE(asked_for_more_it_makes_them) {
    auto from = request("f");
    from.spec.petrel.scale.min = 1;
    from.spec.petrel.concurrency = 4;
    auto host = open_ready(from);
    BOOST_TEST(host->stats().instances == 1u);
    const auto has = [&](uint32_t count) {
      return eventually([&] {
        skip(0s);
        return host->stats().instances == count;
      });
    };
    host->rescale({3, 7, false});
    BOOST_TEST(has(3));
    BOOST_TEST(host->facts().at("instances") == "3 (3 to 4)");
    BOOST_TEST(told["f"].wait([&] { return told["f"].changes > 0; }));
    host->rescale({9, 8, false});
    BOOST_TEST(has(4));
    skip(24h);
    BOOST_TEST(has(4));
    host->rescale({}); // as the manifest has it
    skip(60s);
    BOOST_TEST(has(1));
  }

  BOOST_AUTO_TEST_CASE(asked_for_none_it_leaves_now_and_serves_on) {
    auto host = open_ready(request("f")); // the manifest would have it stay
    BOOST_TEST(code_name(calm_call(*host)) == "ok");
    host->rescale({0, 7, false});
    BOOST_TEST(gone());
    BOOST_TEST(host->stats().slots == 1u);
    BOOST_TEST((calm_call(*host).start == start_kind::cold));
    skip(1s);
    BOOST_TEST(there()); // until it is idle, or asked for again
    host->rescale({0, 7, false});
    skip(1s);
    BOOST_TEST(there());
    host->rescale({0, 8, false});
    BOOST_TEST(gone());
    host->rescale({1, 9, false});
    BOOST_REQUIRE(eventually([&] {
      skip(0s);
      return host->stats().instances == 1;
    }));
    BOOST_TEST((call(*host).start == start_kind::pool));
  }

  BOOST_AUTO_TEST_CASE(asked_for_none_before_it_loads_it_leaves_at_once) {
    auto from = request("f");
    from.scale = {0, 7, false};
    auto host = open_ready(from);
    BOOST_TEST(gone());
    BOOST_TEST(code_name(call(*host)) == "ok");
  }

  BOOST_AUTO_TEST_CASE(held_it_comes_back_and_stays_without_an_event) {
    auto host = away();
    host->rescale({{}, 0, true});
    skip(0s);
    BOOST_TEST(there());
    skip(24h);
    BOOST_TEST(there());
    BOOST_TEST(host->facts().at("keep").find("held") != std::string::npos);
    host->rescale({});
    BOOST_TEST(gone());
  }

  BOOST_AUTO_TEST_SUITE_END()
