// When a second start pays: against sums over drawn times.
#include "libfaas/core/random.hpp"
#include "libfaas/routing/hedging.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <iostream>
#include <limits>
#include <numbers>

using namespace faas;
using namespace faas::routing;

namespace {

constexpr uint64_t seed = 41;

prediction predicted(double total, double sd, double imposed = 0) {
  prediction made{};
  made.total = made.service = made.work = total;
  made.variance = sd * sd;
  made.promise_sigmas = 1.645;
  made.imposed = imposed;
  return made;
}

decision between(const prediction& first, const prediction& second) {
  decision made;
  made.chosen = 0;
  made.runner_up = 1;
  made.count = 2;
  made.healthy = 3;
  made.parts[0] = first;
  made.parts[1] = second;
  return made;
}

/// What the law says of itself, drawn by turning beyond() around.
double draw(const latency_law& law, random_source& random) {
  const double p = random.uniform();
  double low = 0, high = 1e7;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (law.beyond(middle) > p ? low : high) = middle;
  }
  return low;
}

} // namespace

BOOST_AUTO_TEST_SUITE(hedging_test)

BOOST_AUTO_TEST_CASE(a_law_has_the_promise_it_was_made_of) {
  const latency_law law{100, 180};
  // One in fifty strays, nearly all of them beyond.
  const double beyond = law.beyond(180);
  BOOST_TEST(beyond > 0.05);
  BOOST_TEST(beyond < 0.05 + 0.02);
  BOOST_TEST(law.beyond(0) == 1.0);
  BOOST_TEST(law.beyond(1e6) < 1e-6);
  for (double x = 1; x < 1e5; x *= 1.3)
    BOOST_TEST(law.beyond(x) >= law.beyond(x * 1.3));
}

BOOST_AUTO_TEST_CASE(what_is_left_agrees_with_drawn_times) {
  std::cout << "seed " << seed << '\n';
  random_source random{seed};
  const latency_law law{50, 90};
  for (const double age : {0.0, 40.0, 80.0, 200.0}) {
    double sum = 0;
    int n = 0;
    for (int i = 0; i < 60'000; ++i)
      if (const double x = draw(law, random); x > age)
        sum += x - age, ++n;
    BOOST_REQUIRE(n > 300);
    BOOST_TEST(law.left(age) == sum / n, boost::test_tools::tolerance(0.12));
  }
  // A time that is nearly certain: what is left falls, until it has strayed.
  BOOST_TEST(law.left(45) < law.left(0));
  BOOST_TEST(law.left(150) > law.left(80));
}

BOOST_AUTO_TEST_CASE(the_gain_agrees_with_drawn_times) {
  std::cout << "seed " << seed << '\n';
  random_source random{seed};
  const latency_law first{50, 120}, second{70, 110};
  for (const double age : {0.0, 50.0, 150.0}) {
    double sum = 0;
    int n = 0;
    for (int i = 0; i < 60'000; ++i) {
      const double x = draw(first, random), y = draw(second, random);
      if (x <= age)
        continue;
      sum += (x - age) - std::min(x - age, y);
      ++n;
    }
    BOOST_REQUIRE(n > 500);
    BOOST_TEST(hedge_gain(first, age, second) == sum / n,
               boost::test_tools::tolerance(0.1));
  }
}

BOOST_AUTO_TEST_CASE(where_more_pay_than_may_the_bar_rises) {
  hedge_budget budget;
  const hedge_bounds bounds{0.1, 4, 0.5};
  BOOST_TEST(budget.bar() == 1);
  for (int i = 0; i < 1000; ++i) { // half of them would
    budget.count(bounds);
    if (i % 2 == 0)
      budget.take();
  }
  const auto high = budget.bar();
  BOOST_TEST(high > 10);
  for (int i = 0; i < 2000; ++i) // none does
    budget.count(bounds);
  BOOST_TEST(budget.bar() == 1);
  hedge_planner planner;
  const auto made = between(predicted(100, 40), predicted(110, 40));
  const auto soon = planner.after(made, {}, {1, 4, 0.1}),
             late = planner.after(made, {}, {1, 4, 0.1}, 6);
  BOOST_REQUIRE(soon.has_value());
  BOOST_TEST((!late || *late > *soon));
}

BOOST_AUTO_TEST_CASE(free_starts_are_made_at_once_dear_ones_late_or_never) {
  const auto made = between(predicted(100, 40), predicted(110, 40));
  const event_features event;
  const auto after = [&](double price) {
    return hedge_after(made, event, {1, 4, price});
  };
  BOOST_TEST(after(0).value() == 0.0);
  const auto late = after(0.5);
  BOOST_REQUIRE(late.has_value());
  BOOST_TEST(*late > 100.0);
  BOOST_TEST(*after(0.1) <= *late);
  BOOST_TEST(!after(100).has_value());
}

BOOST_AUTO_TEST_CASE(a_far_slower_site_helps_only_what_has_strayed) {
  const event_features event;
  const hedge_bounds bounds{1, 4, 0.5};
  const auto near = hedge_after(between(predicted(100, 20), predicted(100, 20)),
                                event, bounds);
  const auto far = hedge_after(between(predicted(100, 20), predicted(300, 60)),
                               event, bounds);
  BOOST_REQUIRE(near.has_value());
  BOOST_TEST((!far || *far > *near));
}

BOOST_AUTO_TEST_CASE(what_others_would_wait_counts) {
  const event_features event;
  const hedge_bounds bounds{1, 4, 0.5};
  const auto idle = hedge_after(between(predicted(100, 40), predicted(110, 40)),
                                event, bounds);
  const auto busy = hedge_after(
    between(predicted(100, 40), predicted(110, 40, 300)), event, bounds);
  BOOST_REQUIRE(idle.has_value());
  BOOST_TEST((!busy || *busy > *idle));
}

BOOST_AUTO_TEST_CASE(never_without_a_second_site_a_share_or_time) {
  auto made = between(predicted(100, 40), predicted(100, 40));
  event_features event;
  BOOST_TEST(!hedge_after(made, event, {0, 4, 0}).has_value());
  event.deadline_ms = 60; // before it pays
  BOOST_TEST(!hedge_after(made, event, {1, 4, 0.5}).has_value());
  made.runner_up = decision::none;
  event.deadline_ms = 0;
  BOOST_TEST(!hedge_after(made, event, {1, 4, 0}).has_value());
}

BOOST_AUTO_TEST_CASE(what_was_planned_for_one_holds_for_its_like) {
  hedge_planner planner;
  const hedge_bounds bounds{1, 4, 0.5};
  for (const double scale : {0.1, 1.0, 40.0})
    for (const double other : {0.7, 1.0, 1.3, 4.0})
      for (const double sd : {0.1, 0.4, 0.9}) {
        const auto made
          = between(predicted(100 * scale, sd * 100 * scale),
                    predicted(other * 100 * scale, sd * 100 * scale));
        const auto exact = hedge_after(made, {}, bounds);
        for (int again = 0; again < 2; ++again) {
          const auto planned = planner.after(made, {}, bounds);
          BOOST_TEST(planned.has_value() == exact.has_value());
          if (planned && exact) // by one step of the ages at most
            BOOST_TEST(std::abs(*planned - *exact) <= 0.5 * 100 * scale);
        }
      }
  auto made = between(predicted(100, 40), predicted(100, 40));
  event_features hurried;
  hurried.deadline_ms = 60;
  BOOST_TEST(!planner.after(made, hurried, bounds).has_value());
  made.runner_up = decision::none;
  BOOST_TEST(!planner.after(made, {}, bounds).has_value());
}

BOOST_AUTO_TEST_CASE(absurd_predictions_do_no_harm) {
  const double bad[] = {0, -5, std::numeric_limits<double>::infinity(),
                        std::numeric_limits<double>::quiet_NaN(), 1e12};
  for (const double total : bad)
    for (const double sd : bad) {
      const auto one = predicted(total, sd), good = predicted(100, 40);
      for (const auto& made : {between(one, good), between(good, one)}) {
        hedge_planner planner;
        for (const auto after : {hedge_after(made, {}, {1, 4, 0.5}),
                                 planner.after(made, {}, {1, 4, 0.5})})
          BOOST_TEST((!after || *after >= 0));
        const auto gain = hedge_gain(latency_law{made.parts[0]}, 50,
                                     latency_law{made.parts[1]});
        BOOST_TEST(gain >= 0);
      }
    }
}

BOOST_AUTO_TEST_SUITE_END()
