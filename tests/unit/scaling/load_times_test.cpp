#include "libfaas/scaling/load_times.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::scaling;
using namespace std::chrono_literals;

namespace {

struct measured {
  load_times it;
  uint64_t count = 0;

  bool next(duration took) { return it.note(++count, took); }
  void next(int times, duration took) {
    for (int i = 0; i < times; ++i)
      next(took);
  }
  duration late() const { return it.usual() + it.spare(); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(load_times_test, measured)

  BOOST_AUTO_TEST_CASE(knows_nothing_before_the_first_one) {
    BOOST_TEST((it.usual() == 0s));
    BOOST_TEST((it.spare() == 0s));
  }

  BOOST_AUTO_TEST_CASE(each_counts_once) {
    next(20, 1s);
    BOOST_TEST(next(3s));
    const auto once = it;
    for (int i = 0; i < 100; ++i)
      BOOST_TEST(!it.note(count, 3s));
    BOOST_TEST(!it.note(count - 1, 3s)); // a counter never goes back
    BOOST_TEST((it.usual() == once.usual()));
    BOOST_TEST((it.spare() == once.spare()));
    BOOST_TEST(next(3s)); // another one that took as long
    BOOST_TEST((it.usual() > once.usual()));
  }

  BOOST_AUTO_TEST_CASE(the_deployments_load_is_doubted) {
    next(20s);
    BOOST_TEST((it.usual() > 19s));
    BOOST_TEST((it.usual() < 21s));
    BOOST_TEST((it.spare() > 15s)); // the next ones may be quite different
    next(2, 1s);
    BOOST_TEST((late() < 4s));
  }

  BOOST_AUTO_TEST_CASE(long_loads_are_known_at_once) {
    next(2, 40s);
    BOOST_TEST((it.usual() > 35s));
    BOOST_TEST((late() > 40s));
    BOOST_TEST((late() < 100s));
  }

  /// Whatever they scatter by, 19 of 20 are over in time, and not for a time that
  /// would be enough for any.
  BOOST_AUTO_TEST_CASE(nineteen_of_twenty_are_over_in_time) {
    for (const double scatter : {0.2, 0.4, 0.6}) {
      int over = 0, all = 0;
      double usual = 0, spent = 0;
      for (uint64_t seed = 1; seed <= 50; ++seed) {
        random_source random{seed};
        measured one;
        for (int i = 0; i < 120; ++i) {
          const auto took = from_ms(2000 * std::exp(scatter * random.normal()));
          if (i >= 40) {
            ++all;
            over += took <= one.late() ? 1 : 0;
            usual += to_ms(one.it.usual());
            spent += to_ms(one.late());
          }
          one.next(took);
        }
      }
      BOOST_TEST_CONTEXT("scatter " << scatter) {
        BOOST_TEST(over > 0.93 * all);
        BOOST_TEST(over < 0.99 * all);
        BOOST_TEST(std::abs(usual / all / 2000 - 1) < 0.15);
        BOOST_TEST(spent / all < 1.3 * 2000 * std::exp(1.645 * scatter));
      }
    }
  }

  BOOST_AUTO_TEST_CASE(one_that_is_stuck_changes_little) {
    next(21, 1s);
    const auto before = late();
    next(30s);
    BOOST_TEST((it.usual() < 1200ms));
    BOOST_TEST((late() - before < 500ms));
  }

  BOOST_AUTO_TEST_CASE(loads_that_became_slower_are_followed) {
    next(21, 1s);
    next(2, 20s);
    BOOST_TEST((late() > 20s));
    next(8, 20s);
    BOOST_TEST((it.usual() > 18s));
    BOOST_TEST((late() < 60s));
  }

  BOOST_AUTO_TEST_CASE(a_slow_spell_is_forgiven_while_nothing_is_loaded) {
    next(21, 1s);
    const auto before = late();
    for (int i = 0; i < 100; ++i)
      it.not_loaded();
    BOOST_TEST((late() == before)); // there is nothing to forgive
    next(3, 100s);
    BOOST_TEST((it.usual() > 90s));
    it.not_loaded();
    BOOST_TEST((it.usual() > 50s)); // not at once
    for (int i = 0; i < 200; ++i)
      it.not_loaded();
    BOOST_TEST((it.usual() < 2s));
    next(100s); // it was no spell
    BOOST_TEST((it.usual() > 10s));
  }

  BOOST_AUTO_TEST_CASE(what_cannot_be_is_no_load) {
    for (const auto took : {0ns, -5ns, duration::min(), duration::max()}) {
      BOOST_TEST(!next(took));
      BOOST_TEST((it.usual() == 0s));
    }
    next(3, 2s);
    const auto before = late();
    for (const auto took : {0ns, -5ns, duration::min(), duration::max()})
      BOOST_TEST(!next(took));
    BOOST_TEST((late() == before));
  }

BOOST_AUTO_TEST_SUITE_END()
