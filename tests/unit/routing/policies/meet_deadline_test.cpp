#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/routing/policies/meet_deadline.hpp"
#include "tests/unit/routing/policies/predicted.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::routing;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

time_point at(double ms) {
  return time_point{} + from_ms(1e6 + ms);
}

pick ask(meet_deadline& rule, const decision& sites,
         const event_features& event, double now = 0) {
  random_source random{1};
  return rule.choose(sites, event, random, at(now));
}

/// One that has just heard of all of these sites, where all had to wait for
/// long lately.
meet_deadline crowded(const decision& sites, meet_deadline::config how = {}) {
  how.explore = 0;
  meet_deadline rule{how};
  auto full = sites;
  for (uint8_t k = 0; k < sites.count; ++k) {
    full.parts[k].queue += 1000;
    full.parts[k].total += 1000;
    rule.ended({.site = sites.sites[k], .at = at(0)});
  }
  for (int i = 0; i < 200; ++i)
    ask(rule, full, due_in(500));
  return rule;
}

/// A fast dear site and a slow cheap one.
decision two_sites() {
  return predicted({{.total = 20, .sd = 2, .price = 5},
                    {.total = 80, .sd = 5, .price = 1}});
}

} // namespace

BOOST_AUTO_TEST_SUITE(meet_deadline_test)

  BOOST_AUTO_TEST_CASE(of_those_in_time_the_cheapest) {
    meet_deadline rule{{}};
    BOOST_TEST(int(ask(rule, two_sites(), due_in(200)).chosen) == 1);
    BOOST_TEST((ask(rule, two_sites(), due_in(200)).why == reason::cheapest));
    BOOST_TEST(int(ask(rule, two_sites(), due_in(60)).chosen) == 0);
    // 80 +- 5: 95 % by 88.2 ms
    BOOST_TEST(int(ask(rule, two_sites(), due_in(88)).chosen) == 0);
    BOOST_TEST(int(ask(rule, two_sites(), due_in(88.5)).chosen) == 1);
  }

  BOOST_AUTO_TEST_CASE(without_prices_where_others_wait_least) {
    meet_deadline rule{{}};
    const auto sites = predicted({{.total = 20, .imposed = 30},
                                  {.total = 60, .imposed = 10},
                                  {.total = 61, .imposed = 10}});
    BOOST_TEST(int(ask(rule, sites, due_in(200)).chosen) == 1);
    BOOST_TEST(int(ask(rule, sites, due_in(40)).chosen) == 0);
  }

  BOOST_AUTO_TEST_CASE(the_wanted_probability_is_a_parameter) {
    meet_deadline half{{.share = 0.5}}, sure{{.share = 0.999, .explore = 0}};
    BOOST_TEST(int(ask(half, two_sites(), due_in(81)).chosen) == 1);
    BOOST_TEST(int(ask(sure, two_sites(), due_in(89)).chosen) == 0);
  }

  BOOST_AUTO_TEST_CASE(if_none_is_sure_the_likeliest) {
    const auto sites
      = predicted({{.total = 50, .sd = 40}, {.total = 58, .sd = 4}});
    auto rule = crowded(sites, {.least = 0.5});
    const auto made = ask(rule, sites, due_in(60), 1);
    BOOST_TEST(int(made.chosen) == 1);
    BOOST_TEST((made.why == reason::likeliest));
  }

  BOOST_AUTO_TEST_CASE(none_feasible_is_refused_at_once) {
    auto rule = crowded(two_sites());
    const auto made = ask(rule, two_sites(), due_in(10), 1);
    BOOST_TEST(int(made.chosen) == decision::none);
    BOOST_TEST((made.why == reason::refused));
  }

  BOOST_AUTO_TEST_CASE(what_cannot_be_sure_anyway_is_no_crowd) {
    // A link that loses events: 84 %, with nothing in the way.
    const auto sites = two_sites();
    meet_deadline rule{{.explore = 0, .retry_ms = 1e9}};
    for (uint8_t k = 0; k < 2; ++k)
      rule.ended({.site = sites.sites[k], .at = at(0)});
    for (int i = 0; i < 300; ++i)
      BOOST_TEST((ask(rule, sites, due_in(22)).why == reason::likeliest));
    // But not what is likelier late.
    BOOST_TEST((ask(rule, sites, due_in(19)).why == reason::refused));
  }

  BOOST_AUTO_TEST_CASE(the_more_wait_the_surer_one_must_be) {
    // 20 +- 2: 84 % by 22 ms.
    const auto sites = two_sites();
    meet_deadline rule{{.explore = 0}};
    for (uint8_t k = 0; k < 2; ++k)
      rule.ended({.site = sites.sites[k], .at = at(0)});
    BOOST_TEST((ask(rule, sites, due_in(22)).why == reason::likeliest));
    auto busy = crowded(sites);
    BOOST_TEST((ask(busy, sites, due_in(22)).why == reason::refused));
    auto modest = crowded(sites, {.least = 0.8});
    BOOST_TEST((ask(modest, sites, due_in(22)).why == reason::likeliest));
    for (int i = 0; i < 200; ++i) // times get better
      ask(busy, sites, due_in(200));
    BOOST_TEST((ask(busy, sites, due_in(22)).why == reason::likeliest));
  }

  BOOST_AUTO_TEST_CASE(refusing_does_not_last_for_ever) {
    auto rule = crowded(two_sites(), {.retry_ms = 1000});
    int tried = 0;
    for (double now = 0; now < 10'000; now += 10)
      tried += ask(rule, two_sites(), due_in(10), now).why == reason::explored;
    BOOST_TEST(tried == 18); // each second, each of the two sites
  }

  BOOST_AUTO_TEST_CASE(sites_that_are_vague_only_are_tried_now_and_then) {
    // A vague fast one, or a sure one that costs more.
    auto sites = predicted({{.total = 20, .sd = 40, .price = 1},
                            {.total = 50, .sd = 2, .price = 5}});
    sites.parts[0].epistemic = 0.999 * sites.parts[0].variance;
    meet_deadline rule{{.explore = 0.05}};
    int tried = 0;
    for (int i = 0; i < 1000; ++i) {
      const auto made = ask(rule, sites, due_in(60));
      tried += made.why == reason::explored;
      BOOST_TEST((made.why == reason::explored || made.chosen == 1));
    }
    BOOST_TEST(tried == 50);
    auto critical = due_in(60);
    critical.may_explore = false;
    for (int i = 0; i < 100; ++i)
      BOOST_TEST(int(ask(rule, sites, critical).chosen) == 1);
    // Scatter of its own does not go away by looking.
    sites.parts[0].epistemic = 0.1 * sites.parts[0].variance;
    for (int i = 0; i < 100; ++i)
      BOOST_TEST(int(ask(rule, sites, due_in(60)).chosen) == 1);
  }

  BOOST_AUTO_TEST_CASE(what_is_vague_is_not_tried_where_it_is_not_wanted) {
    auto sites = predicted({{.total = 20, .sd = 40, .price = 9},
                            {.total = 50, .sd = 2, .price = 5}});
    sites.parts[0].epistemic = 0.999 * sites.parts[0].variance;
    meet_deadline rule{{.explore = 0.5}};
    for (int i = 0; i < 100; ++i)
      BOOST_TEST(int(ask(rule, sites, due_in(60)).chosen) == 1);
  }

  BOOST_AUTO_TEST_CASE(what_the_network_alone_makes_late_is_not_tried) {
    meet_deadline rule{{}};
    const auto sites = predicted({{.total = 120, .sd = 1, .network = 100},
                                  {.total = 300, .sd = 1, .network = 90}});
    BOOST_TEST((ask(rule, sites, due_in(50)).why == reason::refused));
    const auto made = ask(rule, sites, due_in(95));
    BOOST_TEST((made.why == reason::explored));
    BOOST_TEST(int(made.chosen) == 1);
  }

  BOOST_AUTO_TEST_CASE(a_deadline_that_has_passed_is_refused) {
    meet_deadline rule{{}};
    const auto made = ask(rule, two_sites(), due_in(-1));
    BOOST_TEST((made.why == reason::refused));
    BOOST_TEST(int(made.chosen) == decision::none);
  }

  BOOST_AUTO_TEST_CASE(events_without_a_deadline_go_to_the_fastest) {
    meet_deadline rule{{}};
    for (const double none : {0.0, not_a_number}) {
      const auto made = ask(rule, two_sites(), due_in(none));
      BOOST_TEST(int(made.chosen) == 0);
      BOOST_TEST((made.why == reason::best));
    }
  }

  BOOST_AUTO_TEST_CASE(what_is_cheap_is_not_crowded_while_there_is_room) {
    meet_deadline rule{{.patience = 0.25}};
    auto sites = two_sites(); // the cheap one: 80 ms without waits
    const auto wait = [&](double ms) {
      sites.parts[1].queue = ms;
      sites.parts[1].total = 80 + ms;
    };
    wait(29); // a quarter of 200 - 80 is 30
    BOOST_TEST(int(ask(rule, sites, due_in(200)).chosen) == 1);
    wait(31);
    BOOST_TEST(int(ask(rule, sites, due_in(200)).chosen) == 0);
    sites.parts[0].total = 190; // too unsure: rather wait than be late
    sites.parts[0].variance = 40;
    sites.parts[0].queue = 170;
    BOOST_TEST(int(ask(rule, sites, due_in(200)).chosen) == 1);
    meet_deadline patient{{.patience = 1}};
    wait(100);
    BOOST_TEST(int(ask(patient, sites, due_in(200)).chosen) == 1);
  }

  BOOST_AUTO_TEST_CASE(one_candidate_is_refused_like_many) {
    auto sites = two_sites();
    auto rule = crowded(sites);
    sites.healthy = 0b10;
    BOOST_TEST((rule.only(sites, due_in(200), 1, at(1)).why
                == reason::only_candidate));
    const auto made = rule.only(sites, due_in(50), 1, at(2));
    BOOST_TEST((made.why == reason::refused));
    BOOST_TEST(int(made.chosen) == decision::none);
    BOOST_TEST((rule.only(sites, {}, 1, at(3)).why == reason::only_candidate));
  }

  BOOST_AUTO_TEST_CASE(decide_passes_a_refusal_on) {
    const estimate_cell cell{estimate{.intercept = 100, .log_var = 0.001}};
    std::vector<candidate> sites(2);
    for (uint32_t i = 0; i < 2; ++i) {
      sites[i].site = site_index{i};
      sites[i].cell = &cell;
    }
    random_source random{1};
    for (const size_t count : {size_t{1}, size_t{2}}) {
      auto rule = *make_policy("deadline:retry=1000000");
      const std::span<const candidate> some{sites.data(), count};
      for (size_t i = 0; i < count; ++i) // each is tried once
        decide(some, due_in(20), *rule, random, at(0));
      const auto made = decide(some, due_in(20), *rule, random, at(1));
      BOOST_TEST(!made);
      BOOST_TEST((made.why == reason::refused));
      BOOST_TEST(explain(made) == "no site: refused");
    }
  }

  BOOST_AUTO_TEST_CASE(what_is_no_number_is_not_chosen_before_what_is) {
    meet_deadline rule{{}};
    auto sites = two_sites();
    sites.parts[1].total = not_a_number;
    BOOST_TEST(int(ask(rule, sites, due_in(200)).chosen) == 0);
    sites.parts[0].variance = not_a_number;
    const auto made = ask(rule, sites, due_in(200));
    BOOST_TEST((made.why == reason::explored || made.why == reason::refused));
  }

  BOOST_AUTO_TEST_CASE(wrong_parameters_are_told) {
    for (const auto* text :
         {"deadline:share=0", "deadline:share=1", "deadline:share=nan",
          "deadline:patience=-1", "deadline:least=2",
          "deadline:explore=0.6", "deadline:retry=",
          "deadline:much=1"})
      BOOST_TEST(!make_policy(text), text);
    BOOST_TEST(!!make_policy("deadline:share=0.9,patience=0.5,least=0.2"));
  }

  BOOST_AUTO_TEST_SUITE_END()
