// Deadlines, refusals, late events dropped, lighter variants.
#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/sim/draws.hpp"
#include "libfaas/sim/figures.hpp"
#include "libfaas/sim/scenario_file.hpp"
#include "libfaas/sim/variants.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

using namespace faas;
using namespace faas::sim;

namespace {

/// Two sites; together they serve 75 full and 225 light events a second.
const std::string two = R"(
length: 40s
warm_up: 5s
sites:
  near: {servers: 1, rtt: 2ms, price: 1, idle_watts: 10, busy_watts: 30}
  far: {servers: 2, rtt: 20ms, price: 4}
functions:
  full: {ms_fixed: 40, noise: 0.1, deadline: 200ms, lighter: light}
  light: {ms_fixed: 10, noise: 0.1, bytes_per_unit: 7}
events:
  - {function: full, rate: RATE}
)";

scenario world(const std::string& rate) {
  auto text = two;
  text.replace(text.find("RATE"), 4, rate);
  auto made = parse_scenario(text);
  BOOST_REQUIRE_MESSAGE(bool(made),
                        (made ? std::string{} : made.error().message));
  return *made;
}

scenario without_lighter(const std::string& rate) {
  auto made = world(rate);
  made.functions[0].lighter.clear();
  return made;
}

figures play(const scenario& what, const std::string& policy,
             std::vector<record>* all = nullptr) {
  run_options how;
  how.seed = 4;
  how.policy = [policy](const auto& sites) {
    return std::move(*routing::make_policy(policy, sites[0]));
  };
  const auto made = run(what, how);
  if (all)
    *all = made;
  const auto of = summarise(made, what.sites.size(), 35);
  BOOST_TEST_MESSAGE(policy << ", seed 4: " << of.goodput << " in time per s, "
                            << of.late << " late, " << of.refused
                            << " refused, " << of.lighter << " lighter");
  return of;
}

std::string why(std::string text, const std::string& part,
                const std::string& other) {
  text.replace(text.find("RATE"), 4, "1");
  text.replace(text.find(part), part.size(), other);
  const auto made = parse_scenario(text);
  return made ? "good" : made.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(deadlines_test)

  BOOST_AUTO_TEST_CASE(every_key_arrives) {
    const auto made = world("10");
    BOOST_TEST(made.functions[0].deadline_ms.mean() == 200);
    BOOST_TEST(made.functions[0].lighter == "light");
    BOOST_TEST(made.functions[1].deadline_ms.mean() == 0);
    BOOST_TEST(made.sites[0].costs.price_per_s == 1);
    BOOST_TEST(made.sites[0].costs.idle_watts == 10);
    BOOST_TEST(made.sites[0].costs.busy_watts == 30);
    BOOST_TEST(!made.drop_late);
    auto text = two + "drop_late: true\n";
    text.replace(text.find("RATE"), 4, "1");
    text.replace(text.find("200ms"), 5, "{law: uniform, least: 100, most: 300}");
    const auto drawn = parse_scenario(text);
    BOOST_REQUIRE(drawn);
    BOOST_TEST(drawn->drop_late);
    for (const auto& one : draw_events(*drawn, 1))
      BOOST_TEST((one.deadline_ms >= 100 && one.deadline_ms <= 300));
  }

  BOOST_AUTO_TEST_CASE(wrong_keys_are_told) {
    const auto told = [&](const char* part, const char* other,
                          const char* what) {
      const auto text = why(two, part, other);
      BOOST_TEST(text.find(what) != text.npos, text);
    };
    told("lighter: light", "lighter: lite", "full.lighter: \"lite\" is not");
    told("lighter: light", "lighter: full", "circle");
    told("bytes_per_unit: 7", "lighter: full", "circle");
    told("200ms", "soon", "deadline");
    told("200ms", "-5ms", "deadline");
    told("200ms", "{law: gauss}", "deadline");
    told("price: 1", "price: -1", "price");
    told("busy_watts: 30", "busy_watts: 3", "busy_watts");
    told("price: 1", "price: .nan", "price");
  }

  BOOST_AUTO_TEST_CASE(an_event_has_the_same_luck_as_another_function) {
    const auto laws = world("1").functions;
    const variants all{laws};
    BOOST_TEST(*all.of(0) == 1u);
    BOOST_TEST(!all.of(1));
    draw event;
    event.size = 3;
    event.work = 50;
    event.mean_work = 44;
    event.deadline_ms = 200;
    const auto light = all.as(event, 1);
    BOOST_TEST(light.function == 1u);
    BOOST_TEST(light.work == 12.5);
    BOOST_TEST(light.mean_work == 11);
    BOOST_TEST(light.bytes.up == 21);
    BOOST_TEST(light.deadline_ms == 200);
    BOOST_TEST(left_ms(light, 30) == 170);
    BOOST_TEST(left_ms(light, 200) < 0); // not 0, which is none
    event.deadline_ms = 0;
    BOOST_TEST(left_ms(event, 30) == 0);
  }

  BOOST_AUTO_TEST_CASE(at_low_load_a_deadline_changes_nothing) {
    const auto made = play(world("15"), "deadline");
    BOOST_TEST(made.in_time > 0.99);
    BOOST_TEST(made.refused == 0);
    BOOST_TEST(made.lighter < 0.05);
    // Work is 40 ms, for 1 or 4 a second.
    BOOST_TEST(made.price > 0.038);
    BOOST_TEST(made.price < 0.17);
  }

  BOOST_AUTO_TEST_CASE(over_capacity_refusing_keeps_the_rest_in_time) {
    const auto refusing = play(without_lighter("150"), "deadline");
    BOOST_TEST(refusing.goodput > 0.9 * 75);
    BOOST_TEST(refusing.late < 0.03);
    const auto waiting = play(without_lighter("150"), "min-latency");
    BOOST_TEST(waiting.goodput < 0.1 * 75);
    BOOST_TEST(waiting.refused == 0);
    auto dropping = without_lighter("150");
    dropping.drop_late = true;
    const auto dropped = play(dropping, "min-latency");
    BOOST_TEST(dropped.goodput > waiting.goodput);
    BOOST_TEST(dropped.goodput < refusing.goodput);
    BOOST_TEST(dropped.dropped > 0.2);
  }

  BOOST_AUTO_TEST_CASE(a_lighter_variant_is_better_than_a_refusal) {
    const auto alone = play(without_lighter("150"), "deadline"),
               both = play(world("150"), "deadline");
    BOOST_TEST(both.goodput > 1.7 * alone.goodput);
    BOOST_TEST(both.in_time > 0.95);
    BOOST_TEST(both.lighter < 0.75); // two thirds have to be
    BOOST_TEST(alone.lighter == 0);
  }

  BOOST_AUTO_TEST_CASE(a_heavy_variant_is_not_given_up_for_want_of_trying) {
    // In some runs nothing was once sure of it, so it was never learned.
    const auto what = world("60");
    for (uint64_t seed = 1; seed <= 4; ++seed) {
      run_options how;
      how.seed = seed;
      how.policy = [](const auto&) {
        return std::move(*routing::make_policy("deadline:share=0.99"));
      };
      const auto of = summarise(run(what, how), 2, 35);
      BOOST_TEST(of.lighter < 0.25, "seed " << seed << ": " << of.lighter);
    }
  }

  BOOST_AUTO_TEST_CASE(records_add_up) {
    std::vector<record> all;
    auto what = world("400");
    what.drop_late = true;
    const auto of = play(what, "deadline", &all);
    BOOST_TEST(std::abs(of.in_time + of.late + of.dropped + of.refused - 1)
               < 1e-9);
    for (const auto& one : all) {
      BOOST_TEST(one.deadline_ms == 200);
      BOOST_TEST(one.function == 0u); // whoever had it
      if (one.refused) {
        BOOST_TEST((one.why == routing::reason::refused));
        BOOST_TEST(one.latency_ms == 0);
        BOOST_TEST(!one.lighter);
      } else {
        BOOST_TEST(one.latency_ms > 0);
      }
      if (one.dropped)
        BOOST_TEST(one.service_ms == 0);
    }
    BOOST_TEST(of.refused > 0);
    // Each event that came has one record.
    auto drawn = draw_events(what, 4);
    std::erase_if(drawn, [](const draw& one) { return one.sent < 5000; });
    BOOST_TEST(all.size() == drawn.size());
  }

  BOOST_AUTO_TEST_CASE(energy_and_price_are_of_the_work_alone) {
    std::vector<record> all;
    play(world("10"), "static", &all); // all to the first site
    for (const auto& one : all) {
      const double work_s = (one.service_ms + one.cold_ms) / 1000;
      BOOST_TEST(std::abs(one.price - work_s) < 1e-12);
      BOOST_TEST(std::abs(one.joule - 20 * work_s) < 1e-12);
    }
  }

  BOOST_AUTO_TEST_CASE(a_weight_on_price_moves_events_to_the_cheap_site) {
    const auto fast = play(world("10"), "weighted:price=0"),
               cheap = play(world("10"), "weighted:price=1000");
    BOOST_TEST(cheap.price < fast.price);
    BOOST_TEST(cheap.mean_ms > fast.mean_ms);
  }

  BOOST_AUTO_TEST_CASE(without_deadlines_runs_are_what_they_were) {
    auto what = world("40");
    what.functions[0].lighter.clear();
    what.functions[0].deadline_ms = law::constant(0);
    std::vector<record> usual, timed;
    play(what, "min-latency", &usual);
    play(what, "deadline", &timed);
    BOOST_REQUIRE(usual.size() == timed.size());
    for (size_t i = 0; i < usual.size(); ++i)
      BOOST_TEST(usual[i].latency_ms == timed[i].latency_ms);
  }

  BOOST_AUTO_TEST_CASE(no_events_have_no_figures) {
    const auto none = summarise({}, 2, 35);
    BOOST_TEST(none.goodput == 0);
    record refused;
    refused.refused = true;
    const auto one = summarise({refused}, 2, 35);
    BOOST_TEST(one.refused == 1);
    BOOST_TEST(one.mean_ms == 0);
    BOOST_TEST(one.in_time == 0);
  }

  BOOST_AUTO_TEST_SUITE_END()
