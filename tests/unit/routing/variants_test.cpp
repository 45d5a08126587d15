#include "libfaas/routing/variants.hpp"
#include "tests/unit/routing/policies/predicted.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::routing;

namespace {

decision answered(reason why, double total = 10, double queue = 0) {
  auto made = predicted({{.total = total, .sd = 10, .queue = queue}});
  made.why = why;
  const bool nowhere = why == reason::refused || why == reason::no_candidate;
  made.chosen = nowhere ? decision::none : uint8_t{0};
  return made;
}

struct outcome_of {
  size_t best, asked;
  service_grade grade;
};

outcome_of search(double deadline, std::initializer_list<decision> variants) {
  variant_search all{deadline};
  size_t asked = 0;
  for (const auto& one : variants) {
    all.add(one);
    ++asked;
    if (all.settled())
      break;
  }
  return {all.best(), asked, all.grade()};
}

} // namespace

BOOST_AUTO_TEST_SUITE(variants_test)

  BOOST_AUTO_TEST_CASE(the_first_sure_one_wins_and_no_other_is_asked) {
    const auto one = search(
      50, {answered(reason::cheapest, 40), answered(reason::cheapest, 1)});
    BOOST_TEST(one.best == 0u);
    BOOST_TEST(one.asked == 1u);
    const auto two = search(
      50, {answered(reason::refused), answered(reason::cheapest),
           answered(reason::cheapest)});
    BOOST_TEST(two.best == 1u);
    BOOST_TEST(two.asked == 2u);
  }

  BOOST_AUTO_TEST_CASE(a_sure_light_one_is_better_than_an_unsure_one) {
    const auto made = search(
      50, {answered(reason::likeliest, 49), answered(reason::only_candidate)});
    BOOST_TEST(made.best == 1u);
    BOOST_TEST((made.grade == service_grade::sure));
  }

  BOOST_AUTO_TEST_CASE(of_unsure_ones_the_likeliest_then_the_heavier) {
    BOOST_TEST(search(50, {answered(reason::likeliest, 60),
                           answered(reason::likeliest, 45)})
                 .best
               == 1u);
    BOOST_TEST(search(50, {answered(reason::likeliest, 45),
                           answered(reason::likeliest, 45)})
                 .best
               == 0u);
    BOOST_TEST(search(50, {answered(reason::likeliest, 45),
                           answered(reason::likeliest, 44.5)})
                 .best
               == 0u); // hardly likelier
    BOOST_TEST(search(50, {answered(reason::refused),
                           answered(reason::likeliest, 45)})
                 .best
               == 1u);
  }

  BOOST_AUTO_TEST_CASE(when_all_are_refused_the_functions_own_refusal_is_told) {
    const auto made
      = search(50, {answered(reason::refused), answered(reason::refused)});
    BOOST_TEST(made.best == 0u);
    BOOST_TEST((made.grade == service_grade::refused));
  }

  BOOST_AUTO_TEST_CASE(a_function_without_a_site_has_its_lighter_one) {
    const auto made
      = search(0, {answered(reason::no_candidate), answered(reason::best)});
    BOOST_TEST(made.best == 1u);
    BOOST_TEST((search(50, {answered(reason::no_candidate),
                            answered(reason::refused)})
                  .grade
                == service_grade::refused));
  }

  BOOST_AUTO_TEST_CASE(not_more_than_so_many_are_asked) {
    variant_search all{50};
    BOOST_TEST((all.grade() == service_grade::none));
    BOOST_TEST(!all.made());
    for (size_t i = 0; i < max_variants; ++i) {
      BOOST_TEST(!all.settled());
      all.add(answered(reason::refused));
    }
    BOOST_TEST(all.settled());
  }

  BOOST_AUTO_TEST_CASE(a_crowded_one_gives_way_to_a_lighter_one) {
    // With nothing before it 40 ms; a quarter of 200 - 40 is 40.
    const auto calm = answered(reason::cheapest, 79, 39);
    const auto crowded = answered(reason::cheapest, 81, 41);
    BOOST_TEST(search(200, {calm, answered(reason::cheapest)}).asked == 1u);
    const auto made = search(200, {crowded, answered(reason::cheapest)});
    BOOST_TEST(made.best == 1u);
    BOOST_TEST((made.grade == service_grade::sure));
    // All crowded: the lightest of them.
    BOOST_TEST(search(200, {crowded, crowded, crowded}).best == 2u);
    // But rather crowded than late.
    BOOST_TEST(search(200, {crowded, answered(reason::likeliest)}).best == 0u);
    BOOST_TEST(search(200, {crowded, answered(reason::refused)}).best == 0u);
    BOOST_TEST(search(200, {answered(reason::likeliest), crowded}).best == 1u);
    // Without a deadline nobody is pressed.
    BOOST_TEST(search(0, {crowded, answered(reason::cheapest)}).best == 0u);
  }

  BOOST_AUTO_TEST_CASE(what_is_tried_to_learn_is_not_given_up) {
    BOOST_TEST(search(200, {answered(reason::explored, 300, 290),
                            answered(reason::cheapest)})
                 .best
               == 0u);
  }

  BOOST_AUTO_TEST_CASE(policies_without_deadlines_never_give_up_a_function) {
    for (const auto why :
         {reason::best, reason::explored, reason::ranked, reason::fixed,
          reason::round_robin, reason::random, reason::sticky,
          reason::fallback})
      BOOST_TEST((grade_of(answered(why), 200) == service_grade::sure));
  }

  BOOST_AUTO_TEST_SUITE_END()
