#include "libfaas/routing/deadline_rules.hpp"
#include "tests/unit/routing/policies/predicted.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::routing;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double endless = std::numeric_limits<double>::infinity();

prediction one(const predicted_site& site) {
  return predicted({site}).parts[0];
}

bool near(double a, double b, double by) {
  return std::abs(a - b) <= by;
}

} // namespace

BOOST_AUTO_TEST_SUITE(deadline_rules_test)

  BOOST_AUTO_TEST_CASE(normal_errors_give_the_normal_law) {
    const auto p = one({.total = 100, .sd = 10});
    BOOST_TEST(near(chance_within(p, 100), 0.5, 1e-3));
    BOOST_TEST(near(chance_within(p, 110), 0.8413, 1e-3));
    BOOST_TEST(near(chance_within(p, 120), 0.9772, 1e-3));
    BOOST_TEST(near(chance_within(p, 90), 0.1587, 1e-3));
  }

  BOOST_AUTO_TEST_CASE(a_promise_is_just_what_95_of_100_keep) {
    for (const double sigmas : {-0.5, 0.3, 1.645, 4.0})
      for (const double reach : {0.5, 1.645, 3.0}) {
        auto p = one({.total = 100, .sd = 10});
        p.promise_sigmas = sigmas;
        p.interval_sigmas = reach;
        BOOST_TEST(near(chance_within(p, promised_ms(p)), 0.95, 1e-4));
        BOOST_TEST(chance_within(p, promised_ms(p) + 1) > 0.95);
        BOOST_TEST(chance_within(p, promised_ms(p) - 1) < 0.95);
      }
  }

  BOOST_AUTO_TEST_CASE(a_few_that_take_much_longer_do_not_spoil_the_rest) {
    // 94 of 100 take 50 +- 5 ms, the rest 200 ms longer (sent again): 90 % are
    // within 9 ms of the mean, 95 % take no longer than some 245.
    auto p = one({.total = 55, .sd = 48});
    p.interval_sigmas = 10.0 / 48;
    p.promise_sigmas = 190.0 / 48;
    BOOST_TEST(near(chance_within(p, 245), 0.95, 1e-4));
    BOOST_TEST(near(chance_within(p, 65), 0.9, 1e-3));
    for (double ms = 65; ms < 245; ms += 1) {
      BOOST_TEST(chance_within(p, ms) >= 0.9 - 1e-3);
      BOOST_TEST(chance_within(p, ms) < 0.95);
    }
    double last = 0;
    for (double ms = 1; ms < 400; ms += 0.25) {
      const double chance = chance_within(p, ms);
      BOOST_TEST(chance >= last);
      BOOST_TEST((ms > 250 || chance - last < 0.05)); // no jumps
      last = chance;
    }
    BOOST_TEST(chance_within(p, 40) < 0.2);
  }

  BOOST_AUTO_TEST_CASE(a_wider_learned_interval_is_less_sure_of_late_ones) {
    auto narrow = one({.total = 100, .sd = 10}), wide = narrow;
    wide.interval_sigmas = 3 * narrow.interval_sigmas;
    BOOST_TEST(chance_within(narrow, 80) < chance_within(wide, 80));
    BOOST_TEST(chance_within(narrow, 140) > chance_within(wide, 140));
  }

  BOOST_AUTO_TEST_CASE(the_chance_never_falls_with_the_time) {
    auto p = one({.total = 60, .sd = 20, .network = 15});
    p.promise_sigmas = 2.4;
    double last = 0;
    for (double ms = 0; ms < 300; ms += 0.5) {
      const double chance = chance_within(p, ms);
      BOOST_TEST(chance >= last);
      BOOST_TEST((chance >= 0 && chance <= 1));
      BOOST_TEST((ms >= 15 || chance == 0));
      last = chance;
    }
    BOOST_TEST(last > 0.999);
  }

  BOOST_AUTO_TEST_CASE(what_is_no_number_has_no_chance) {
    const auto p = one({.total = 100, .sd = 10});
    for (const double ms : {not_a_number, 0.0, -5.0, -endless})
      BOOST_TEST(chance_within(p, ms) == 0);
    BOOST_TEST(chance_within(p, endless) == 1);
    for (double prediction::*field :
         {&prediction::total, &prediction::variance, &prediction::network,
          &prediction::promise_sigmas}) {
      auto bad = p;
      bad.*field = not_a_number;
      BOOST_TEST(chance_within(bad, 150) == 0);
    }
    auto bad = p;
    bad.variance = -1;
    BOOST_TEST(chance_within(bad, 150) == 0);
    bad = p; // as of a log: a plain normal law
    bad.promise_sigmas = bad.interval_sigmas = 0;
    BOOST_TEST(chance_within(bad, 120) == chance_within(p, 120));
    bad.interval_sigmas = not_a_number;
    BOOST_TEST(chance_within(bad, 120) == chance_within(p, 120));
  }

  BOOST_AUTO_TEST_CASE(a_score_is_the_normal_quantile_of_the_chance) {
    // Quantiles as in any table.
    for (const auto& [chance, score] : std::initializer_list<
           std::pair<double, double>>{{0.5, 0},
                                      {0.95, 1.644854},
                                      {0.975, 1.959964},
                                      {0.01, -2.326348},
                                      {0.999, 3.090232}})
      BOOST_TEST(near(score_of(chance), score, 1e-5));
    auto p = one({.total = 60, .sd = 20, .network = 15});
    p.promise_sigmas = 2.4;
    for (double ms = 16; ms < 150; ms += 1)
      BOOST_TEST(
        near(score_of(chance_within(p, ms)), score_within(p, ms), 1e-6));
    BOOST_TEST(score_within(p, 14) == -endless);
    BOOST_TEST(score_within(p, not_a_number) == -endless);
    p.total = not_a_number;
    BOOST_TEST(score_within(p, 100) == -endless);
  }

  BOOST_AUTO_TEST_CASE(without_scatter_it_is_a_step) {
    const auto p = one({.total = 50, .sd = 0});
    BOOST_TEST(chance_within(p, 49.9) == 0);
    BOOST_TEST(chance_within(p, 50) == 1);
  }

  BOOST_AUTO_TEST_CASE(the_likeliest_need_not_be_the_fastest) {
    const auto made = predicted({{.total = 50, .sd = 40},
                                 {.total = 70, .sd = 5},
                                 {.total = 70, .sd = 5}});
    const auto found = likeliest_within(made, 90);
    BOOST_TEST(int(found.index) == 1);
    BOOST_TEST(found.chance > 0.99);
    BOOST_TEST(int(likeliest_within(made, 60).index) == 0);
    auto none = made;
    none.healthy = 0;
    BOOST_TEST(likeliest_within(none, 90).index == decision::none);
    // None has a chance: the fastest.
    BOOST_TEST(int(likeliest_within(made, not_a_number).index) == 0);
  }

  BOOST_AUTO_TEST_CASE(admission_asks_for_one_site_that_can_promise) {
    const auto made
      = predicted({{.total = 50, .sd = 40}, {.total = 70, .sd = 5}});
    BOOST_TEST(can_promise(made, 90, 0.95));
    BOOST_TEST(!can_promise(made, 70, 0.95));
    BOOST_TEST(!can_promise(made, -1, 0.5));
    for (const double none : {0.0, not_a_number})
      BOOST_TEST(can_promise(made, none, 0.95));
  }

  BOOST_AUTO_TEST_CASE(a_wait_is_long_by_what_the_deadline_leaves) {
    const auto p = one({.total = 100, .sd = 5, .queue = 20}); // 80 without
    BOOST_TEST(!waits_long(p, 161, 0.25));
    BOOST_TEST(waits_long(p, 159, 0.25));
    BOOST_TEST(waits_long(p, 70, 0.25)); // late at any rate
    BOOST_TEST(!waits_long(p, 0));
    BOOST_TEST(!waits_long(p, not_a_number));
    auto late = one({.total = 80});
    late.overdue = 20;
    late.total = 100;
    BOOST_TEST(waits_long(late, 159, 0.25));
  }

  BOOST_AUTO_TEST_CASE(a_refusal_says_what_was_predicted_wanted_and_to_do) {
    const std::vector<std::string_view> names{"edge-1/cpu"};
    const auto busy = refusal(
      predicted({{.total = 340, .sd = 40, .queue = 300}}), 200, names);
    BOOST_TEST((busy.code == errc::overloaded));
    BOOST_TEST(busy.message
               == "no site is likely to answer within 200 ms: the best, "
                  "edge-1/cpu, would take 340 ms (95 of 100 at most 406 ms), "
                  "300 ms of it waiting; 0 % in time");
    BOOST_TEST(busy.next_step.find("later") != std::string::npos);
    const auto slow = refusal(predicted({{.total = 340, .sd = 40}}), 200);
    BOOST_TEST((slow.code == errc::deadline_exceeded));
    BOOST_TEST(slow.message.find("the best, #0,") != std::string::npos);
    BOOST_TEST(slow.next_step.find("petrel.lighter") != std::string::npos);
    BOOST_TEST((refusal(decision{}, 200).code == errc::unavailable));
    BOOST_TEST(refusal(predicted({{}}), -3).message.find("within 0 ms")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_SUITE_END()
