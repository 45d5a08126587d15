#include "libfaas/scaling/keep_alive.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace faas;
using namespace faas::scaling;
using namespace std::chrono_literals;
namespace near = boost::test_tools;

namespace {

duration seconds(double s) {
  return from_ms(s * 1000);
}

idle_histogram repeated(duration idle, int times) {
  idle_histogram made;
  for (int i = 0; i < times; ++i)
    made.add(idle);
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(keep_alive_test)

  BOOST_AUTO_TEST_CASE(quantiles_are_right_within_a_bin) {
    for (const uint64_t seed : {1, 2, 3}) {
      random_source random{seed};
      idle_histogram seen;
      std::vector<double> all;
      for (int i = 0; i < 200; ++i) { // few enough to count almost alike
        const double s = 1 + -60 * std::log(1 - random.uniform());
        all.push_back(s);
        seen.add(seconds(s));
      }
      std::sort(all.begin(), all.end());
      for (const double q : {0.1, 0.5, 0.9}) {
        const auto got = std::chrono::duration<double>(seen.quantile(q)).count();
        // A bin, and the ranks that weights may move it by.
        BOOST_TEST(got >= all[static_cast<size_t>((q - 0.08) * 200)]);
        BOOST_TEST(got <= 1.17 * all[static_cast<size_t>((q + 0.08) * 200)]);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(edges_hold_what_is_between_them) {
    random_source random{4};
    for (int i = 0; i < 5000; ++i) {
      const auto idle = seconds(std::exp(random.uniform() * 9.57));
      idle_histogram seen;
      seen.add(idle);
      BOOST_REQUIRE((seen.quantile_from_below(0.5) <= idle + 1us));
      BOOST_REQUIRE((seen.quantile(0.5) + 1us >= idle));
      BOOST_REQUIRE((seen.quantile(0.5) < seen.quantile_from_below(0.5) * 1.17));
    }
  }

  BOOST_AUTO_TEST_CASE(short_ones_are_left_out_long_ones_counted_apart) {
    idle_histogram seen;
    seen.add(-5s);
    seen.add(0s);
    seen.add(999ms);
    BOOST_TEST(seen.seen() == 0);
    BOOST_TEST((seen.quantile(0.5) == 0s));
    seen.add(1s);
    seen.add(4h);
    seen.add(duration::max());
    BOOST_TEST(seen.seen() == 3.0, near::tolerance(0.02));
    BOOST_TEST(seen.beyond() == 2.0 / 3, near::tolerance(0.02));
    BOOST_TEST((seen.quantile(0.99) == 4h));
  }

  BOOST_AUTO_TEST_CASE(old_ones_fade_and_floats_stay_finite) {
    auto seen = repeated(10s, 100'000);
    BOOST_TEST(seen.seen() == 256.0, near::tolerance(0.02));
    for (int i = 0; i < 800; ++i)
      seen.add(100s);
    BOOST_TEST((seen.quantile_from_below(0.05) > 50s)); // 10 s: under 5 % now
    for (int i = 0; i < 1'000'000; ++i)
      seen.add(100s);
    BOOST_TEST(std::isfinite(seen.seen()));
    BOOST_TEST(seen.concentration() == std::sqrt(63.0), near::tolerance(0.01));
  }

  BOOST_AUTO_TEST_CASE(falls_back_to_the_constant) {
    const keep_settings settings{.idle = 10min};
    const keep_plan constant{10min};
    BOOST_TEST((plan_keep({}, settings) == constant));
    BOOST_TEST((plan_keep(repeated(20s, 9), settings) == constant)); // too few
    BOOST_TEST((plan_keep(repeated(5h, 50), settings) == constant)); // beyond
    idle_histogram anywhere;
    random_source random{5};
    for (int i = 0; i < 256; ++i)
      anywhere.add(seconds(std::exp(random.uniform() * 9.5)));
    BOOST_TEST((plan_keep(anywhere, settings) == constant));
    auto off = settings;
    off.learn = false;
    BOOST_TEST((plan_keep(repeated(20s, 50), off) == constant));
  }

  BOOST_AUTO_TEST_CASE(keeps_as_long_as_events_are_apart) {
    const auto plan = plan_keep(repeated(20s, 50), {.idle = 10min});
    BOOST_TEST(plan.learned);
    BOOST_TEST((plan.unload >= 20s));
    BOOST_TEST((plan.unload < 27s)); // a bin and a tenth
    BOOST_TEST((plan.load == duration::max()));
    BOOST_TEST(plan.in_memory(20s));
    BOOST_TEST(!plan.in_memory(30s));
  }

  BOOST_AUTO_TEST_CASE(comes_back_before_an_event_that_is_due) {
    const auto plan = plan_keep(repeated(30min, 50), {.idle = 10min});
    BOOST_TEST(plan.learned);
    BOOST_TEST((plan.unload == 5s));
    BOOST_TEST(plan.in_memory(3s));
    BOOST_TEST(!plan.in_memory(10min));
    BOOST_TEST(plan.in_memory(30min));
    BOOST_TEST(!plan.in_memory(45min));
    BOOST_TEST((plan.unload_again - plan.load <= 10min));
    auto off = keep_settings{.idle = 10min};
    off.prewarm = false;
    const auto without = plan_keep(repeated(30min, 50), off);
    BOOST_TEST((without.unload == 10min));
    BOOST_TEST((without.load == duration::max()));
  }

  BOOST_AUTO_TEST_CASE(a_load_begins_earlier_by_what_it_takes) {
    const auto seen = repeated(30min, 50);
    const auto quick = plan_keep(seen, {.idle = 10min});
    const auto slow = plan_keep(seen, {.idle = 10min}, 2min);
    BOOST_TEST(slow.learned);
    BOOST_TEST((slow.unload == quick.unload));
    BOOST_TEST((slow.load == quick.load - 2min));
    BOOST_TEST((slow.unload_again == quick.unload_again)); // loading is no idling
    BOOST_TEST(slow.in_memory(30min));
    BOOST_TEST((plan_keep(seen, {.idle = 10min}, 0s) == quick));
    BOOST_TEST((plan_keep(seen, {.idle = 10min}, -5s) == quick));
  }

  BOOST_AUTO_TEST_CASE(a_load_begins_earlier_by_what_it_may_take_longer) {
    const auto seen = repeated(30min, 50);
    const auto usual = plan_keep(seen, {.idle = 10min}, 2min);
    const auto spare = plan_keep(seen, {.idle = 10min}, 2min, 1min);
    BOOST_TEST((spare.unload == usual.unload));
    BOOST_TEST((spare.load == usual.load - 1min));
    BOOST_TEST(spare.in_memory(30min));
    // Time that a load mostly does not take is time in memory: no longer than
    // `idle`, and no longer before the events than after.
    BOOST_TEST((spare.unload_again == usual.unload_again - 1min));
    const auto most = plan_keep(seen, {.idle = 10min}, 2min, 1h);
    BOOST_TEST((most.load == usual.load - 5min));
    BOOST_TEST((plan_keep(seen, {.idle = 10min}, 2min, -5s) == usual));
  }

  /// 20 s of load for events each minute: it would be out for a few seconds.
  BOOST_AUTO_TEST_CASE(stays_when_little_is_left_after_the_load) {
    const auto seen = repeated(60s, 50);
    const auto quick = plan_keep(seen, {.idle = 10min});
    BOOST_TEST((quick.unload == 5s));
    BOOST_TEST((quick.load != duration::max()));
    const auto slow = plan_keep(seen, {.idle = 10min}, 20s);
    BOOST_TEST(slow.learned);
    BOOST_TEST((slow.load == duration::max()));
    BOOST_TEST(slow.in_memory(59s));
    BOOST_TEST(slow.in_memory(60s));
    BOOST_TEST(!slow.in_memory(2min));
    // 35 s: 5 s of lingering, and half a minute that is saved.
    const auto most = quick.load - 35s;
    BOOST_TEST((plan_keep(seen, {.idle = 10min}, most).load == 35s));
    BOOST_TEST((plan_keep(seen, {.idle = 10min}, most + 1ms).load
                == duration::max()));
  }

  /// Staying for `idle` would end before the event, which would wait for all of
  /// the load.
  BOOST_AUTO_TEST_CASE(loads_soon_when_it_may_not_stay_so_long) {
    const auto seen = repeated(120s, 50);
    const auto quick = plan_keep(seen, {.idle = 60s});
    const auto plan = plan_keep(seen, {.idle = 60s}, 80s);
    BOOST_TEST((plan.unload == 5s));
    BOOST_TEST((plan.load == quick.load - 80s));
    BOOST_TEST((plan.load < 35s)); // where staying would be better
    BOOST_TEST(plan.in_memory(120s));
    BOOST_TEST((plan_keep(seen, {.idle = 60s}, 2min).load == 10s)); // has left
    const auto endless = plan_keep(seen, {.idle = 60s}, duration::max());
    BOOST_TEST((endless.load == 10s));
    BOOST_TEST((endless.unload_again >= endless.load));
  }

  BOOST_AUTO_TEST_CASE(is_never_in_memory_longer_than_the_manifest_says) {
    random_source random{6};
    for (int i = 0; i < 300; ++i) {
      idle_histogram seen;
      const double middle = std::exp(random.uniform() * 9);
      const double spread = random.uniform();
      for (int j = 0; j < 60; ++j)
        seen.add(seconds(middle * std::exp(spread * random.normal())));
      const duration idle = seconds(1 + random.uniform() * 3600);
      const duration load
        = i % 2 == 0 ? 0s : seconds(std::exp(random.uniform() * 5));
      const duration spare = i % 3 == 0 ? 0s : load * (i % 5);
      const auto plan = plan_keep(seen, {.idle = idle}, load, spare);
      BOOST_REQUIRE((plan.unload <= idle));
      if (plan.load != duration::max()) {
        BOOST_REQUIRE((plan.load > plan.unload));
        BOOST_REQUIRE((plan.unload_again >= plan.load));
        BOOST_REQUIRE((plan.unload_again - plan.load <= load + idle + 1us));
      }
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
