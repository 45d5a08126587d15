#include "libfaas/routing/site_costs.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas::routing;

namespace {

using labels = std::map<std::string, std::string>;

size_t wrong(const labels& of) {
  return costs_in(of).wrong.size();
}

} // namespace

BOOST_AUTO_TEST_SUITE(site_costs_test)

BOOST_AUTO_TEST_CASE(labels_say_what_a_site_costs) {
  const auto got = costs_in({{"price_per_s", "0.5"},
                             {"idle_watts", "5"},
                             {"busy_watts", "2e1"},
                             {"hall", "3"}});
  BOOST_TEST((got.costs == site_costs{0.5, 5, 20}));
  BOOST_TEST(got.wrong.empty());
}

BOOST_AUTO_TEST_CASE(what_is_not_said_costs_nothing) {
  BOOST_TEST((costs_in({}).costs == site_costs{}));
  BOOST_TEST((costs_in({{"busy_watts", "20"}}).costs == site_costs{0, 0, 20}));
  BOOST_TEST(wrong({{"busy_watts", "20"}}) == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_no_number_counts_as_nothing_and_is_told) {
  for (const auto text : {"4 EUR", "4EUR", "", "four", "-1", "nan", "inf",
                          " 4", "4 ", "0x10", "1e999", "1,5"}) {
    BOOST_TEST_CONTEXT('"' << text << '"') {
      const auto got = costs_in({{"price_per_s", text}, {"busy_watts", "20"}});
      BOOST_TEST((got.costs == site_costs{0, 0, 20}));
      BOOST_REQUIRE(got.wrong.size() == 1u);
      BOOST_TEST(got.wrong[0].find("price_per_s is \"" + std::string{text})
                 != std::string::npos);
    }
  }
}

/// Half of it would be another power.
BOOST_AUTO_TEST_CASE(power_counts_as_a_whole_or_not_at_all) {
  const site_costs price_only{2, 0, 0};
  for (const auto& [idle, busy] : {std::pair{"5 W", "20"}, {"5", "20 W"},
                                   {"5", "4"}}) {
    const labels all{
      {"price_per_s", "2"}, {"idle_watts", idle}, {"busy_watts", busy}};
    BOOST_TEST((costs_in(all).costs == price_only));
    BOOST_TEST(wrong(all) == 1u);
  }
  BOOST_TEST(wrong({{"idle_watts", "x"}, {"busy_watts", "y"}}) == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
