#include "libfaas/routing/policies/weighted.hpp"
#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/routing/site_costs.hpp"
#include "tests/unit/routing/policies/predicted.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace faas;
using namespace faas::routing;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

uint8_t chosen(const weighted::config& how, const decision& sites) {
  weighted rule{how};
  random_source random{1};
  return rule.choose(sites, {}, random, {}).chosen;
}

/// Fast and dear; slow and cheap; slow and frugal.
decision three() {
  return predicted({{.total = 10, .price = 6, .joule = 9},
                    {.total = 40, .price = 1, .joule = 9},
                    {.total = 45, .price = 6, .joule = 1}});
}

} // namespace

BOOST_AUTO_TEST_SUITE(weighted_test)

  BOOST_AUTO_TEST_CASE(each_weight_has_its_own_favourite) {
    BOOST_TEST(int(chosen({1, 0, 0, 0, 0}, three())) == 0);
    BOOST_TEST(int(chosen({0, 1, 0, 0, 0}, three())) == 1);
    BOOST_TEST(int(chosen({0, 0, 1, 0, 0}, three())) == 2);
    // 30 ms against 5 units: at 6 ms a unit both cost the same
    BOOST_TEST(int(chosen({1, 5.9, 0, 0, 0}, three())) == 0);
    BOOST_TEST(int(chosen({1, 6.1, 0, 0, 0}, three())) == 1);
  }

  BOOST_AUTO_TEST_CASE(what_it_imposes_counts_as_latency) {
    const auto sites
      = predicted({{.total = 10, .imposed = 20}, {.total = 15}});
    BOOST_TEST(int(chosen({1, 0, 0, 0, 0}, sites)) == 0);
    BOOST_TEST(int(chosen({1, 0, 0, 0.5, 0}, sites)) == 1);
    BOOST_TEST(weighted({2, 3, 4, 0.5, 0})
                 .cost(predicted({{.total = 10,
                                   .price = 7,
                                   .joule = 11,
                                   .imposed = 20}})
                         .parts[0])
               == 2 * (10 + 0.5 * 20) + 3 * 7 + 4 * 11);
  }

  BOOST_AUTO_TEST_CASE(it_explores_as_far_as_it_may) {
    weighted rule{{1, 0, 0, 0, 0.1}};
    random_source random{3};
    int others = 0;
    for (int i = 0; i < 3000; ++i)
      others += rule.choose(three(), {}, random, {}).chosen != 0;
    BOOST_TEST(others > 140); // of 3000 * 0.1 * 2/3
    BOOST_TEST(others < 260);
    event_features critical;
    critical.may_explore = false;
    for (int i = 0; i < 1000; ++i)
      BOOST_TEST(int(rule.choose(three(), critical, random, {}).chosen) == 0);
  }

  BOOST_AUTO_TEST_CASE(decide_reckons_price_and_energy_of_the_work) {
    const estimate_cell cell{estimate{.slope = 0,
                                      .intercept = 500,
                                      .log_var = 0,
                                      .log_noise = 0,
                                      .rtt_ms = 100,
                                      .cold_charge_ms = 250}};
    candidate site;
    site.cell = &cell;
    site.price_per_s = 4;
    site.watts = 20;
    const auto p = predict(cell.read(), site, {}, time_point{} + from_ms(1));
    BOOST_TEST(p.total == 850);
    BOOST_TEST(p.price == 0.75 * 4); // the way there costs nothing
    BOOST_TEST(p.joule == 0.75 * 20);
  }

  BOOST_AUTO_TEST_CASE(power_is_shared_by_the_servers) {
    BOOST_TEST(watts_per_event({0, 40, 160}, 4) == 30);
    BOOST_TEST(watts_per_event({0, 40, 40}, 4) == 0);
    BOOST_TEST(watts_per_event({0, 50, 40}, 4) == 0);
    BOOST_TEST(watts_per_event({0, 40, not_a_number}, 4) == 0);
    BOOST_TEST(watts_per_event({0, 40, 160}, 0) == 0);
    BOOST_TEST(watts_per_event({0, 40, 160}, not_a_number) == 0);
    BOOST_TEST(sound(site_costs{}));
    BOOST_TEST(!sound(site_costs{-1, 0, 0}));
    BOOST_TEST(!sound(site_costs{not_a_number, 0, 0}));
    BOOST_TEST(
      !sound(site_costs{0, 0, std::numeric_limits<double>::infinity()}));
  }

  BOOST_AUTO_TEST_CASE(wrong_parameters_are_told) {
    for (const auto* text : {"weighted:price=-1", "weighted:energy=nan",
                             "weighted:joule=1", "weighted:latency=1e12"})
      BOOST_TEST(!make_policy(text), text);
    BOOST_TEST(!!make_policy("weighted:latency=1,price=200,energy=0.5"));
  }

  BOOST_AUTO_TEST_SUITE_END()
