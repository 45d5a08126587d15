// What scenarios are made of.
#include "libfaas/sim/agenda.hpp"
#include "libfaas/sim/arrivals.hpp"
#include "libfaas/sim/law.hpp"
#include "libfaas/sim/schedule.hpp"
#include "libfaas/sim/station.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace faas;
using namespace faas::sim;

BOOST_AUTO_TEST_SUITE(parts_test)

  BOOST_AUTO_TEST_CASE(the_agenda_goes_by_time_then_by_entry) {
    agenda<int> plan;
    random_source random{1};
    for (int i = 0; i < 5000; ++i)
      plan.add(static_cast<double>(random.below(300)), i);
    double when = -1;
    int what = -1;
    for (int left = 5000; left > 0; --left) {
      BOOST_REQUIRE(plan.size() == static_cast<size_t>(left));
      const auto next = plan.take();
      const bool in_order
        = next.when > when || (next.when == when && next.what > what);
      BOOST_REQUIRE(in_order);
      when = next.when;
      what = next.what;
    }
    BOOST_TEST(plan.empty());
  }

  BOOST_AUTO_TEST_CASE(laws_have_the_mean_that_they_say) {
    random_source random{2};
    for (const auto& one :
         {law::constant(3), law::exponential(3), law::log_normal(3, 0.8),
          law::uniform(1, 5), law::measured({1, 2, 6})}) {
      double sum = 0;
      for (int i = 0; i < 400'000; ++i) {
        const auto value = one.draw(random);
        BOOST_REQUIRE(value >= 0);
        sum += value;
      }
      BOOST_CHECK_CLOSE(sum / 400'000, 3, 1);
      BOOST_CHECK_CLOSE(one.mean(), 3, 1e-9);
    }
  }

  BOOST_AUTO_TEST_CASE(work_goes_on_at_the_speed_of_the_time) {
    const schedule steady;
    BOOST_TEST(steady.done(5, 10) == 15);
    const schedule slow{{{100, 3}, {200, 1}}};
    BOOST_TEST(slow.at(99) == 1);
    BOOST_TEST(slow.at(100) == 3);
    BOOST_TEST(slow.at(200) == 1);
    BOOST_TEST(slow.done(0, 50) == 50);
    BOOST_TEST(slow.done(90, 20) == 130);   // 10, then 10 at a third
    BOOST_TEST(slow.done(100, 40) == 100 + 100 + (40 - 100.0 / 3),
               boost::test_tools::tolerance(1e-9));
  }

  BOOST_AUTO_TEST_CASE(a_period_repeats) {
    // A quota: 20 of each 100 ms.
    const schedule quota{{{0, 1}, {20, 1e9}}, 100};
    BOOST_TEST(quota.done(0, 20) == 20, boost::test_tools::tolerance(1e-6));
    BOOST_TEST(quota.done(0, 30) == 110, boost::test_tools::tolerance(1e-6));
    BOOST_TEST(quota.done(1050, 5) == 1105, boost::test_tools::tolerance(1e-6));
    BOOST_TEST(quota.done(0, 20 * 50) == 4920,
               boost::test_tools::tolerance(1e-6));
  }

  BOOST_AUTO_TEST_CASE(a_step_is_passed_whatever_is_rounded) {
    for (const double period : {0.3, 0.7, 12.0, 100 * 0.06}) {
      const auto half = 0.4 * period;
      const schedule quota{{{0, 1}, {half, 2}}, period};
      for (int i = 1; i < 5000; ++i)
        for (const auto begin : {i * period, i * period + half}) {
          const auto done = quota.done(begin, 10 * period);
          // 0.7 of the work of a steady one are done in each period.
          BOOST_REQUIRE_GT(done, begin + 13 * period);
          BOOST_REQUIRE_LT(done, begin + 16 * period);
        }
    }
  }

  BOOST_AUTO_TEST_CASE(laws_of_arrivals_tell_their_rate) {
    const auto steps = poisson(40, schedule{{{1000, 3}, {2000, 1}}}, 3);
    BOOST_CHECK_CLOSE(steps->per_second(0).value(), 40, 1e-9);
    BOOST_CHECK_CLOSE(steps->per_second(1500).value(), 120, 1e-9);
    const auto wave = daily(50, 0.6, 4000);
    BOOST_CHECK_CLOSE(wave->per_second(1000).value(), 80, 1e-9);
    BOOST_CHECK_CLOSE(wave->per_second(3000).value(), 20, 1e-9);
    // Its phase is drawn, and so are the events of a recording.
    BOOST_TEST(!on_off({80, 5, 700, 900})->per_second(0).has_value());
    BOOST_TEST(!trace({1, 2})->per_second(0).has_value());
  }

  BOOST_AUTO_TEST_CASE(arrivals_come_at_their_rate) {
    const auto per_second = [](arrivals& from, double seconds) {
      random_source random{3};
      int count = 0;
      double last = 0;
      for (auto at = from.next(random); at < seconds * 1000;
           at = from.next(random)) {
        BOOST_REQUIRE(at >= last);
        last = at;
        ++count;
      }
      return count / seconds;
    };
    BOOST_CHECK_CLOSE(per_second(*poisson(40), 10'000), 40, 1);
    const schedule crowd{{{5'000'000, 3}}};
    BOOST_CHECK_CLOSE(per_second(*poisson(40, crowd, 3), 10'000), 80, 1);
    BOOST_CHECK_CLOSE(per_second(*on_off({100, 0, 1000, 3000}), 40'000), 25, 3);
    BOOST_CHECK_CLOSE(per_second(*daily(40, 0.9, 100'000), 10'000), 40, 1);
    BOOST_TEST(per_second(*trace({1, 2, 3, 9000}), 5) == 0.6);
    BOOST_TEST(per_second(*poisson(0), 5) == 0);
  }

  BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_run) {
    const auto one = on_off({50, 5, 300, 700}), two = on_off({50, 5, 300, 700});
    random_source a{7}, b{7};
    for (int i = 0; i < 1000; ++i)
      BOOST_REQUIRE(one->next(a) == two->next(b));
  }

  BOOST_AUTO_TEST_CASE(a_station_serves_in_the_order_of_arrival) {
    station site{2, schedule{{{100, 2}}}};
    BOOST_TEST(site.admit(0, 50).end == 50);
    BOOST_TEST(site.admit(0, 20).end == 20);
    BOOST_TEST(site.busy(10) == 2u);
    BOOST_TEST(site.look(10, 5).begin == 20);
    BOOST_TEST(site.admit(10, 100).end == 140); // 80, then 20 at half speed
    BOOST_TEST(site.admit(11, 1).begin == 50);
    BOOST_TEST(site.busy(60) == 1u);
  }

BOOST_AUTO_TEST_SUITE_END()
