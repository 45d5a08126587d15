#include "libfaas/core/random.hpp"
#include "libfaas/decisions/sampler.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace faas;
using namespace faas::decisions;

namespace {

/// Events of one second at that rate.
struct second_of {
  int logged = 0;
  double estimate = 0; ///< of their number, from what was logged

  second_of(sampler& by, int events, random_source& random, int from_ms = 0) {
    for (int i = 0; i < events; ++i) {
      const auto p = by.draw(
        call_id::make(random),
        time_point{} + faas::from_ms(1000 + from_ms + 1000.0 * i / events));
      logged += p > 0;
      estimate += p > 0 ? 1 / p : 0;
    }
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(sampler_test)

BOOST_AUTO_TEST_CASE(everything_is_logged_below_the_bound) {
  random_source random{1};
  sampler by{1, 1000};
  BOOST_TEST(second_of(by, 900, random).logged == 900);
}

BOOST_AUTO_TEST_CASE(a_share_is_logged) {
  random_source random{2};
  sampler by{0.25, 0};
  const second_of got{by, 40'000, random};
  BOOST_TEST(std::abs(got.logged - 10'000) < 350);
}

BOOST_AUTO_TEST_CASE(nothing_is_logged_at_share_zero) {
  random_source random{3};
  sampler by{0, 1000};
  BOOST_TEST(second_of(by, 1000, random).logged == 0);
}

BOOST_AUTO_TEST_CASE(the_bound_holds_at_any_rate) {
  random_source random{4};
  sampler by{1, 1000};
  // The first window does not know the load yet.
  BOOST_TEST(second_of(by, 100'000, random).logged < 2200);
  BOOST_TEST(second_of(by, 100'000, random, 1000).logged < 1400);
}

BOOST_AUTO_TEST_CASE(the_probability_is_exact_under_the_bound) {
  double sum = 0;
  constexpr int rounds = 40;
  for (uint64_t seed = 0; seed < rounds; ++seed) {
    random_source random{seed};
    sampler by{1, 500};
    sum += second_of{by, 20'000, random}.estimate;
  }
  BOOST_TEST(std::abs(sum / rounds / 20'000 - 1) < 0.02);
}

BOOST_AUTO_TEST_CASE(a_larger_share_logs_what_a_smaller_one_logs) {
  random_source random{5};
  sampler few{0.1, 0}, many{0.3, 0};
  for (int i = 0; i < 1000; ++i) {
    const auto id = call_id::make(random);
    if (few.draw(id, {}) > 0)
      BOOST_TEST(many.draw(id, {}) > 0);
  }
}

BOOST_AUTO_TEST_CASE(ids_that_count_up_are_spread_as_well) {
  int low = 0;
  for (uint64_t i = 0; i < 10'000; ++i)
    low += place_of({0, i}) < 0.5;
  BOOST_TEST(std::abs(low - 5000) < 200);
}

BOOST_AUTO_TEST_SUITE_END()
