// Evidence that may be looked at after every observation.
#include "libfaas/rollout/e_process.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

using faas::random_source;
using faas::rollout::e_process;

namespace {

/// Observations until the evidence exceeds alpha, or 0 if it never does.
int noticed_after(double mean, double bound, double alpha, int most,
                  random_source& random) {
  e_process evidence;
  for (int i = 1; i <= most; ++i) {
    evidence.add(random.uniform() < mean ? 1 : 0, bound);
    if (evidence.exceeds(alpha))
      return i;
  }
  return 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(e_process_test)

BOOST_AUTO_TEST_CASE(false_alarms_stay_within_alpha_at_every_look) {
  random_source random{5};
  BOOST_TEST_MESSAGE("seed 5");
  for (const double bound : {0.01, 0.2, 0.5}) {
    int alarms = 0;
    for (int run = 0; run < 1000; ++run)
      alarms += noticed_after(bound, bound, 0.05, 2000, random) > 0;
    BOOST_TEST(alarms <= 70); // 50 expected at most, 3 sigma
  }
}

BOOST_AUTO_TEST_CASE(what_is_clearly_above_is_noticed_soon) {
  random_source random{6};
  BOOST_TEST_MESSAGE("seed 6");
  double sum = 0;
  for (int run = 0; run < 200; ++run) {
    const int after = noticed_after(0.6, 0.25, 0.004, 1000, random);
    BOOST_REQUIRE(after > 0);
    sum += after;
  }
  BOOST_TEST(sum / 200 < 50);
}

BOOST_AUTO_TEST_CASE(without_observations_there_is_no_evidence) {
  e_process evidence;
  BOOST_TEST(evidence.log_evidence() == 0);
  BOOST_TEST(!evidence.exceeds(0.5));
}

BOOST_AUTO_TEST_CASE(evidence_once_found_is_kept) {
  e_process evidence;
  for (int i = 0; i < 40; ++i)
    evidence.add(1, 0.2);
  BOOST_TEST(evidence.exceeds(0.001));
  for (int i = 0; i < 1000; ++i)
    evidence.add(0, 0.2);
  BOOST_TEST(evidence.exceeds(0.001));
}

BOOST_AUTO_TEST_SUITE_END()
